package keys

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/must"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

var rsa2048 = vault.KeyProps{Type: vault.RSA, Size: 2048}

func rsaOf(bits int) vault.KeyProps { return vault.KeyProps{Type: vault.RSA, Size: bits} }

// held is how many keys of each size are ready, smallest first.
func (p *Pool) held() (n [3]int) {
	for i, s := range p.Stock() {
		n[i] = s.Ready
	}
	return n
}

// takes is how long making a key takes in these tests.
const takes = 100 * time.Millisecond

// running runs a pool that makes keys in the time of takes, without any
// arithmetic, to the end of the test.
func running(t *testing.T, p *Pool) {
	t.Helper()
	p.make = func(int) (Key, error) {
		time.Sleep(takes) // in a synctest bubble: no time at all
		return Key{}, nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	synctest.Wait()
}

// after says how many keys are ready in some time from now.
func (p *Pool) after(d time.Duration) [3]int {
	time.Sleep(d)
	synctest.Wait()
	return p.held()
}

func want(t *testing.T, what string, got, want [3]int) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v keys are ready, want %v", what, got, want)
	}
}

// Nobody asks, and nobody said to begin without being asked: the processor is
// left alone.
func TestPoolWaitsToBeAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &Pool{}
		running(t, p)
		want(t, "after a day", p.after(24*time.Hour), [3]int{})
		if _, err := p.Key(vault.KeyProps{Type: vault.EC, Curve: vault.P256}); err != nil {
			t.Fatal(err)
		}
		want(t, "after an EC key", p.after(24*time.Hour), [3]int{})
	})
}

// An idle server fills up with keys of the usual size, and starts again to wait
// with each request.
func TestPoolFillsWhenIdle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &Pool{Idle: 5 * time.Second}
		running(t, p)
		want(t, "after 4 s", p.after(4*time.Second), [3]int{})
		p.Busy()
		want(t, "4 s after a request", p.after(4*time.Second), [3]int{})
		if _, err := p.Key(vault.KeyProps{Type: vault.EC, Curve: vault.P256}); err != nil {
			t.Fatal(err)
		}
		want(t, "4 s after a key", p.after(4*time.Second), [3]int{})
		want(t, "6 s after it", p.after(2*time.Second+takes/2), [3]int{10})
		p.Busy()
		want(t, "the one that was being made", p.after(4*time.Second), [3]int{11})
		want(t, "at last", p.after(time.Hour), [3]int{32})
	})
}

// What was taken is made again once it is quiet, or between requests when half
// is gone.
func TestPoolRefillsWhenQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &Pool{Idle: time.Second}
		running(t, p)
		ask := func() {
			p.take(2048)
			p.look()
		}
		want(t, "filled", p.after(time.Minute), [3]int{32})
		for i := range 16 { // four times a second
			ask()
			want(t, "in a row", p.after(250*time.Millisecond), [3]int{31 - i})
		}
		for range 100 {
			ask()
			want(t, "just after", p.after(brief+takes-1), [3]int{15})
			want(t, "before the next one", p.after(250*time.Millisecond-brief-takes+1), [3]int{16})
		}
		want(t, "the first when quiet", p.after(quiet-250*time.Millisecond+takes), [3]int{17})
		p.look()
		want(t, "the one that was being made", p.after(takes), [3]int{18})
		want(t, "no other beside the next request", p.after(quiet-takes-1), [3]int{18})
		want(t, "full again", p.after(time.Minute), [3]int{32})
	})
}

// The last one of a size is not waited for, nor those that are gone in a burst.
func TestPoolRefillsAtOnceWhenEmpty(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &Pool{}
		running(t, p)
		for range 3 {
			p.take(2048)
			p.look()
			want(t, "the next", p.after(takes), [3]int{1})
		}
		p.take(3072)
		p.look()
		want(t, "the one that was being made", p.after(takes), [3]int{2, 0})
		want(t, "then another size", p.after(takes), [3]int{2, 1})
	})
}

// Larger keys take seconds to make: none is made before one was asked for.
func TestPoolOfLargerKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &Pool{Idle: time.Second}
		running(t, p)
		want(t, "before", p.after(time.Minute), [3]int{32, 0, 0})
		p.take(3072)
		p.look()
		want(t, "one was asked for", p.after(time.Minute), [3]int{32, 2, 0})
		p.take(4096)
		p.look()
		want(t, "of both sizes", p.after(time.Minute), [3]int{32, 2, 2})
		p.take(2047) // not a size at all
		p.look()
		want(t, "of none", p.after(time.Minute), [3]int{32, 2, 2})
	})
}

// Run ends with its context, also while it waits.
func TestPoolEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, idle := range []time.Duration{0, time.Hour} {
			running(t, &Pool{Idle: idle})
		}
	})
}

// Keys are handed out once, and counted, whoever made them.
func TestPoolHandsOutOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &Pool{}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		made := 0
		p.make = func(bits int) (Key, error) { // of real ones three are enough
			if made++; made == 3 {
				cancel()
			}
			return newRSA(bits)
		}
		seen := map[string]bool{}
		ask := func() {
			k, err := p.Key(rsa2048)
			if err != nil || k.signer == nil || k.Size() != 2048 {
				t.Fatal(err)
			}
			if seen[string(k.PKIX())] {
				t.Fatal("a key was handed out twice")
			}
			seen[string(k.PKIX())] = true
		}
		ask()
		must.Do(t, p.Run(ctx))
		for range 4 {
			ask()
		}
		want := []Stock{{Bits: 2048, Taken: 3, Made: 2}, {Bits: 3072}, {Bits: 4096}}
		if diff := cmp.Diff(want, p.Stock()); diff != "" {
			t.Error(diff)
		}
	})
}

// A pool that nobody runs makes keys on the spot, and EC keys always.
func TestPoolWithoutRun(t *testing.T) {
	t.Parallel()
	p := &Pool{}
	a, err := p.Key(rsa2048)
	must.Do(t, err)
	b, err := p.Key(vault.KeyProps{Type: vault.RSAHSM, Size: 2048})
	must.Do(t, err)
	if bytes.Equal(a.PKIX(), b.PKIX()) {
		t.Error("a key was handed out twice")
	}
	if _, err := p.Key(vault.KeyProps{Type: vault.EC, Curve: vault.P256K}); err != nil {
		t.Error(err)
	}
	if _, err := p.Key(rsaOf(1000)); err == nil {
		t.Error("a size that is none was taken")
	}
	if p.held() != [3]int{} {
		t.Error("keys appeared without Run")
	}
}

// Many ask while it is filled; the race detector looks on.
func TestPoolIsShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &Pool{Idle: time.Millisecond}
		running(t, p)
		for range 8 {
			go func() {
				for range 20 {
					p.take(2048)
					p.look()
					p.Busy()
					p.Stock()
					time.Sleep(takes / 3)
				}
			}()
		}
		time.Sleep(time.Hour)
		s := p.Stock()[0]
		if s.Ready != 32 || s.Taken+s.Made != 160 || s.Taken == 0 || s.Made == 0 {
			t.Errorf("%+v", s)
		}
	})
}

func BenchmarkPoolKey(b *testing.B) {
	p := &Pool{}
	k := key(b, rsa2048)
	for b.Loop() {
		p.put(0, k)
		if _, err := p.Key(rsa2048); err != nil {
			b.Fatal(err)
		}
	}
}
