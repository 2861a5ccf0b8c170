package keys

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"

	"certwright/internal/vault"
)

var rsa2048 = vault.KeyProps{Type: vault.RSA, Size: 2048}

// held counts the ready keys of a size.
func (p *Pool) held(bits int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.keys[bits])
}

func TestPool(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &Pool{Ready: 2}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.Run(ctx) }()
		synctest.Wait() // until Run has nothing left to do
		if p.held(2048) != 2 || p.held(3072) != 0 || p.held(4096) != 0 {
			t.Fatalf("ready are %d, %d, %d keys; want 2, 0, 0", p.held(2048), p.held(3072), p.held(4096))
		}
		seen := map[string]bool{}
		for range 5 {
			k, err := p.Key(rsa2048)
			if err != nil {
				t.Fatal(err)
			}
			if seen[string(k.PKIX())] {
				t.Fatal("a key was handed out twice")
			}
			seen[string(k.PKIX())] = true
		}
		if k, err := p.Key(vault.KeyProps{Type: vault.RSAHSM, Size: 3072}); err != nil || k.signer == nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if p.held(2048) != 2 || p.held(3072) != 1 || p.held(4096) != 0 {
			t.Errorf("ready are %d, %d, %d keys; want 2, 1, 0", p.held(2048), p.held(3072), p.held(4096))
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A pool that nobody runs makes keys on the spot, and EC keys always.
func TestPoolWithoutRun(t *testing.T) {
	t.Parallel()
	p := &Pool{Ready: 4}
	a, err := p.Key(rsa2048)
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Key(rsa2048)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(a.PKIX(), b.PKIX()) {
		t.Error("a key was handed out twice")
	}
	if _, err := p.Key(vault.KeyProps{Type: vault.EC, Curve: vault.P256K}); err != nil {
		t.Error(err)
	}
	if _, err := p.Key(vault.KeyProps{Type: vault.RSA, Size: 1000}); err == nil {
		t.Error("a size that is none was taken")
	}
	if p.held(2048) != 0 {
		t.Error("keys appeared without Run")
	}
}

func BenchmarkPoolKey(b *testing.B) {
	p := &Pool{Ready: 1}
	k := key(b, rsa2048)
	for b.Loop() {
		p.take(2048)
		p.put(2048, k)
	}
}
