package issuers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

const vaultConfig = `providers:
  OpenBao:
    kind: vault
    address: %s
    ca_bundle: %s
    role: web
`

// connect configures a server to use the signer through a proxy.
func (s signer) connect(ctx context.Context, l *life) (end func(), err error) {
	p := openProxy(s.address, l.toll)
	end = func() { l.die(); p.close() }
	bundle, err := p.bundle(l.folder)
	if err == nil {
		err = l.configure(vaultConfig, p.server.URL, bundle)
	}
	if err == nil {
		err = l.issuer(ctx, object{"provider": "OpenBao", "credentials": object{"pwd": s.token}})
	}
	return end, err
}

// signed counts the certificates that the signer made.
func signed(t *toll) (n int) {
	for _, p := range t.passages("") {
		if strings.HasSuffix(p.call, "/pki/sign/web") && p.status == 200 {
			n++
		}
	}
	return n
}

// waiting looks whether an order is in progress and says why.
func (l *life) waiting(ctx context.Context, name, why string) error {
	r, err := l.pending(ctx, name)
	if err != nil {
		return err
	}
	if r.Text("status") != "inProgress" || !strings.Contains(r.Text("status_details"), why) {
		return fmt.Errorf("want it in progress for %q, got %v", why, r.Body)
	}
	return nil
}

// away is an order at a signer that is sealed for five days, then out of reach
// for five, then back. The server dies once in between.
func (s signer) away(ctx context.Context, l *life) error {
	end, err := s.connect(ctx, l)
	if err != nil {
		return err
	}
	defer end()
	if err := s.seal(); err != nil {
		return err
	}
	const days = 5 * 24 * time.Hour
	if err := l.order(ctx, "web", ec("ca", "www.example.test", "www.example.test")); err != nil {
		return err
	}
	if err := l.advance(ctx, days); err != nil {
		return err
	}
	if err := l.waiting(ctx, "web", "sealed"); err != nil {
		return err
	}
	l.die()
	l.toll.begin(func(int, string) fault { return cutBefore })
	if err := l.advance(ctx, days); err != nil {
		return err
	}
	if err := l.waiting(ctx, "web", "could not be asked"); err != nil {
		return err
	}
	tries := len(l.toll.passages(""))
	l.toll.begin(nil)
	if err := s.unseal(); err != nil {
		return err
	}
	if err := l.completed(ctx, "web", 2*time.Hour); err != nil {
		return err
	}
	if n := signed(l.toll); n != 1 || tries < 100 {
		return fmt.Errorf("%d certificates were signed, want 1; %d tries in five days, want one in about an hour", n, tries)
	}
	return nil
}

// A sealed OpenBao, or one out of reach, is waited for, and people are told.
func TestVaultAway(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*testing.T) signer{"real": realBao, "played": playedBao} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			if _, err := story(func(ctx context.Context, l *life, _ string) error { return s.away(ctx, l) }).tell(t, t.TempDir(), "away", nil); err != nil {
				t.Error(err)
			}
		})
	}
}

// Whatever befalls the call that signs, the order ends with a certificate. One
// whose answer was lost is made twice at most: signing knows no order
// (docs/issuers/openbao.md).
func TestVaultKilled(t *testing.T) {
	t.Parallel()
	s := playedBao(t)
	tale := story(func(ctx context.Context, l *life, id string) error {
		end, err := s.connect(ctx, l)
		if err != nil {
			return err
		}
		defer end()
		if err := l.order(ctx, "web", ec("ca", id+".example.test", id+".example.test")); err != nil {
			return err
		}
		if err := l.completed(ctx, "web", time.Minute); err != nil {
			return err
		}
		if n := signed(l.toll); n < 1 || n > 2 {
			return fmt.Errorf("%d certificates were signed", n)
		}
		return nil
	})
	try(t, tale, points(t, calls(t, tale), faults...))
}
