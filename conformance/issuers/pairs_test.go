package issuers_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"certwright/conformance/certcentral"
	"certwright/conformance/pebble"
)

// Two servers share a database, and whatever befalls a call to CertCentral, or the
// server that makes it, one order is placed and comes to its end.
func TestPairAtDigiCert(t *testing.T) {
	t.Parallel()
	tryPairs(t, func(ctx context.Context, p *pair, id string) error {
		account, err := certcentral.New(apiKey, time.Now)
		if err != nil {
			return err
		}
		account.Set(certcentral.Play{Delay: certcentral.Duration(time.Second)})
		door := httptest.NewServer(account)
		defer door.Close()
		between := openProxy(door.URL, p.toll)
		defer between.close()
		bundle, err := between.bundle(p.house.Folder)
		if err != nil {
			return err
		}
		defer p.end()
		err = p.start(ctx, fmt.Sprintf("{DigiCert: {kind: digicert, base_url: %q, ca_bundle: %q, settle: 5s}}", between.server.URL+certcentral.Base, bundle),
			object{"provider": "DigiCert", "credentials": object{"account_id": "4417", "pwd": apiKey}, "org_details": object{"id": "90210"}})
		if err == nil {
			err = p.issue(ctx, id+".example.test")
		}
		if orders := account.Orders(); err == nil && len(orders) != 1 {
			err = fmt.Errorf("%d orders were paid for", len(orders))
		}
		return err
	})
}

// The same at OpenBao; one whose answer was lost is signed twice at most.
func TestPairAtVault(t *testing.T) {
	t.Parallel()
	s := playedBao(t)
	tryPairs(t, func(ctx context.Context, p *pair, id string) error {
		between := openProxy(s.address, p.toll)
		defer between.close()
		bundle, err := between.bundle(p.house.Folder)
		if err != nil {
			return err
		}
		defer p.end()
		err = p.start(ctx, fmt.Sprintf("{OpenBao: {kind: vault, address: %q, ca_bundle: %q, role: web}}", between.server.URL, bundle),
			object{"provider": "OpenBao", "credentials": object{"pwd": s.token}})
		if err == nil {
			err = p.issue(ctx, id+".example.test")
		}
		if n := signed(p.toll); err == nil && (n < 1 || n > 2) {
			err = fmt.Errorf("%d certificates were signed", n)
		}
		return err
	})
}

// The same at an ACME server, with proofs by DNS: one order is finalized, and
// nothing is left of its proofs.
func TestPairAtACME(t *testing.T) {
	t.Parallel()
	a := startACME(t, pebble.Options{})
	tryPairs(t, func(ctx context.Context, p *pair, id string) error {
		between := openProxy(strings.TrimSuffix(a.pebble.Directory, "/dir"), p.toll)
		defer between.close()
		names, closeNames, err := a.zone.open(p.toll)
		if err != nil {
			return err
		}
		defer closeNames()
		bundle, err := between.bundle(p.house.Folder)
		if err != nil {
			return err
		}
		defer p.end()
		err = p.start(ctx, fmt.Sprintf("{ACME: {kind: acme, directory: %q, ca_bundle: %q, solver: {kind: rfc2136, server: %q, zone: test}}}", between.server.URL+"/dir", bundle, names),
			object{"provider": "ACME", "credentials": object{"account_id": "admin@" + id + ".test"}})
		if err == nil {
			err = p.issue(ctx, id+".test", "*."+id+".test")
		}
		if err != nil {
			return err
		}
		return a.finalizedOnce(ctx, p, id+".test")
	})
}

// finalizedOnce looks whether one order was finalized, and waits until nothing is
// left of its proofs.
func (a *acmeAuthority) finalizedOnce(ctx context.Context, p *pair, domain string) error {
	orders := map[string]bool{}
	for _, c := range p.toll.passages("POST /finalize-order/") {
		if c.status/100 == 2 {
			orders[filepath.Base(c.call)] = true
		}
	}
	if len(orders) != 1 {
		return fmt.Errorf("finalized orders: %v, want one", orders)
	}
	for {
		left := a.zone.values(domain)
		if len(left) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("TXT records are left: %v", left)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
