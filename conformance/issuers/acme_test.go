package issuers_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"certwright/conformance/pebble"
)

// ec is a policy for a certificate with a key that is made at once.
func ec(issuer, subject string, names ...string) object {
	return object{"issuer": object{"name": issuer}, "key_props": object{"kty": "EC", "crv": "P-256"},
		"x509_props": object{"subject": "CN=" + subject, "sans": object{"dns_names": names}}}
}

// acmeConfig has one provider; what it needs comes as arguments.
const acmeConfig = `providers:
  ACME:
    kind: acme
    directory: %s/dir
    ca_bundle: %s
    solver: {kind: rfc2136, server: %q, zone: test}
`

// An acmeAuthority is Pebble and the names that it looks at.
type acmeAuthority struct {
	pebble *pebble.Server
	zone   *zone
	limit  func(path string, body []byte) string // see proxy
}

func startACME(t *testing.T, o pebble.Options) *acmeAuthority {
	t.Helper()
	p := pebble.Start(t, o)
	return &acmeAuthority{pebble: p, zone: &zone{show: p.Zone.Set, records: map[string][]string{}}}
}

// connect configures a server to use the authority through a proxy, and puts
// the issuer.
func (a *acmeAuthority) connect(ctx context.Context, l *life, issuer object) (end func(), err error) {
	p := openProxy(strings.TrimSuffix(a.pebble.Directory, "/dir"), l.toll)
	p.limit = a.limit
	names, closeNames, err := a.zone.open(l.toll)
	if err != nil {
		p.close()
		return nil, err
	}
	end = func() { l.die(); closeNames(); p.close() }
	bundle, err := p.bundle(l.folder)
	if err == nil {
		err = l.configure(acmeConfig, p.server.URL, bundle, names)
	}
	if err == nil {
		err = l.issuer(ctx, issuer)
	}
	if err != nil {
		end()
	}
	return end, err
}

// issue orders a certificate of three names, one of them a wildcard.
func (a *acmeAuthority) issue(ctx context.Context, l *life, id string) error {
	domain := id + ".test"
	end, err := a.connect(ctx, l, object{"provider": "ACME", "credentials": object{"account_id": "admin@" + domain}})
	if err != nil {
		return err
	}
	defer end()
	if err := l.order(ctx, "web", ec("ca", domain, domain, "*."+domain, "www."+domain)); err != nil {
		return err
	}
	if err := l.completed(ctx, "web", 5*time.Second); err != nil {
		return err
	}
	return a.once(ctx, l, domain)
}

// once looks whether one order was finalized, and whether nothing is left of its proofs.
func (a *acmeAuthority) once(ctx context.Context, l *life, domain string) error {
	var finalized []string
	for _, p := range l.toll.passages("POST /finalize-order/") {
		if p.status/100 == 2 {
			finalized = append(finalized, filepath.Base(p.call))
		}
	}
	if len(finalized) != 1 {
		return fmt.Errorf("finalized orders: %v, want one", finalized)
	}
	return a.swept(ctx, l, domain)
}

// swept waits until nothing is left of a domain's proofs.
func (a *acmeAuthority) swept(ctx context.Context, l *life, domain string) error {
	for {
		left := a.zone.values(domain)
		if len(left) == 0 {
			return nil
		}
		if err := l.advance(ctx, time.Second); err != nil { // what is left may be swept up later
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("TXT records are left: %v", left)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// The server is killed at a call to the authority or its name server, before
// the call or its answer arrives, and started again on what it left.
func TestACMEKilled(t *testing.T) {
	t.Parallel()
	a := startACME(t, pebble.Options{})
	try(t, a.issue, points(t, calls(t, a.issue), killBefore, killAfter))
}

// withdraw orders what cannot be proven, since nobody sees its records, and
// cancels it once they are published.
func (a *acmeAuthority) withdraw(ctx context.Context, l *life, id string) error {
	domain := id + ".test"
	end, err := a.connect(ctx, l, object{"provider": "ACME", "credentials": object{"account_id": "admin@" + domain}})
	if err != nil {
		return err
	}
	defer end()
	if err := l.order(ctx, "web", ec("ca", domain, domain, "*."+domain)); err != nil {
		return err
	}
	for len(a.zone.values(domain)) < 2 {
		if err := l.advance(ctx, time.Second); err != nil {
			return err
		}
	}
	if _, err := l.want(ctx, 200, "PATCH", "/certificates/web/pending", object{"cancellation_requested": true}); err != nil {
		return err
	}
	if r, err := l.end(ctx, "web", time.Second); err != nil || r.Text("status") != "cancelled" {
		return fmt.Errorf("after the cancel: %v %w", r.Body, err)
	}
	if n := len(l.toll.passages("POST /finalize-order/")); n > 0 {
		return fmt.Errorf("%d orders were finalized", n)
	}
	return a.swept(ctx, l, domain)
}

// A cancel gets through, and leaves nothing behind, whenever the server dies of it.
func TestACMECancelled(t *testing.T) {
	t.Parallel()
	a := startACME(t, pebble.Options{})
	a.zone.hide = "test"
	try(t, a.withdraw, points(t, calls(t, a.withdraw), faults...))
}

// The server dies again and again, also while it finds its way back.
func TestACMEStorm(t *testing.T) {
	t.Parallel()
	a := startACME(t, pebble.Options{})
	c := begin(t, a.issue)
	for range max(1, 48/every(t)) {
		seed := rand.Uint64()
		c.live(fmt.Sprintf("storm %d", seed), storm(seed), func(l *life) bool { return l.died() > 1 })
	}
	c.end()
}

// The authority fails, or its answer does not come.
func TestACMECutOff(t *testing.T) {
	t.Parallel()
	a := startACME(t, pebble.Options{})
	try(t, a.issue, points(t, calls(t, a.issue), cutBefore, cutAfter, cutShort, fails, busy, tooMany, late))
}
