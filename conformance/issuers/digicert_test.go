package issuers_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"certwright/conformance/certcentral"
)

const digicertConfig = `providers:
  DigiCert:
    kind: digicert
    base_url: %s/services/v2
    ca_bundle: %s
`

const apiKey = "0123456789abcdef0123456789abcdef"

// faults are all that can befall a call.
var faults = []fault{killBefore, killAfter, cutBefore, cutAfter, cutShort, fails, busy, tooMany}

// step is how far the clock is moved after every look at an order that polls
// seldom. The authority's clock is the server's.
const step = 15 * time.Minute

// An account is a CertCentral account and the server that orders there.
type account struct {
	*certcentral.Server
	*life
}

// openAccount makes an account for one life and configures the server to use it.
func openAccount(ctx context.Context, l *life, p certcentral.Play) (a account, end func(), err error) {
	a.life, l.secret = l, apiKey
	if a.Server, err = certcentral.New(apiKey, l.time); err != nil {
		return a, nil, err
	}
	a.Set(p)
	door := httptest.NewServer(a.Server)
	between := openProxy(door.URL, l.toll)
	end = func() { l.die(); between.close(); door.Close() }
	bundle, err := between.bundle(l.folder)
	if err == nil {
		err = l.configure(digicertConfig, between.server.URL, bundle)
	}
	if err == nil {
		err = l.issuer(ctx, object{"provider": "DigiCert", "credentials": object{"account_id": "4417", "pwd": apiKey}, "org_details": object{"id": "90210"}})
	}
	return a, end, err
}

// paid looks whether one order was paid for, and no more.
func (a account) paid(reissues int) error {
	orders := a.Orders()
	if len(orders) != 1 || orders[0].Reissues != reissues {
		return fmt.Errorf("orders paid for: %+v; want one, with %d reissues", orders, reissues)
	}
	return nil
}

// orderOf is an order at an account that plays it so.
func orderOf(p certcentral.Play) story {
	return func(ctx context.Context, l *life, id string) error {
		a, end, err := openAccount(ctx, l, p)
		if err != nil {
			return err
		}
		defer end()
		if err := l.order(ctx, "web", ec("ca", id+".example.test", id+".example.test", "www."+id+".example.test")); err != nil {
			return err
		}
		if err := l.completed(ctx, "web", step); err != nil {
			return err
		}
		return a.paid(0)
	}
}

// Whatever befalls a call to CertCentral, an order is placed and paid for once
// and comes to its end.
func TestDigiCertPaysOnce(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]certcentral.Play{
		"issued at once":          {Immediate: true},
		"issued in two hours":     {Delay: certcentral.Duration(2 * time.Hour), Pickup: true},
		"listed late":             {Delay: certcentral.Duration(time.Minute), Lag: certcentral.Duration(time.Minute)},
		"no order ids of our own": {Delay: certcentral.Duration(time.Minute), Lag: certcentral.Duration(20 * time.Second), NoLookup: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := orderOf(play)
			try(t, s, points(t, calls(t, s), faults...))
		})
	}
}

// A second version is a reissue on the first one's order.
func TestDigiCertReissuesOnce(t *testing.T) {
	t.Parallel()
	s := func(ctx context.Context, l *life, id string) error {
		a, end, err := openAccount(ctx, l, certcentral.Play{Delay: certcentral.Duration(time.Minute)})
		if err != nil {
			return err
		}
		defer end()
		plan := l.toll.plan
		l.toll.plan = nil
		policy := ec("ca", id+".example.test", id+".example.test")
		if err := l.order(ctx, "web", policy); err != nil {
			return err
		}
		if err := l.completed(ctx, "web", step); err != nil {
			return err
		}
		l.toll.begin(plan)
		if err := l.order(ctx, "web", policy); err != nil {
			return err
		}
		if r, err := l.end(ctx, "web", step); err != nil || r.Text("status") != "completed" {
			return fmt.Errorf("the second order: %v %w", r.Body, err)
		}
		return a.paid(1)
	}
	try(t, s, points(t, calls(t, s), faults...))
}

// A cancel reaches CertCentral, and what was ordered is cancelled there.
func TestDigiCertCancels(t *testing.T) {
	t.Parallel()
	s := func(ctx context.Context, l *life, id string) error {
		a, end, err := openAccount(ctx, l, certcentral.Play{Hold: true})
		if err != nil {
			return err
		}
		defer end()
		if err := l.order(ctx, "web", ec("ca", id+".example.test", id+".example.test")); err != nil {
			return err
		}
		for len(a.Orders()) == 0 { // a lost answer is thought about for minutes
			if err := l.advance(ctx, time.Minute); err != nil {
				return err
			}
		}
		if _, err := l.want(ctx, 200, "PATCH", "/certificates/web/pending", object{"cancellation_requested": true}); err != nil {
			return err
		}
		if r, err := l.end(ctx, "web", step); err != nil || r.Text("status") != "cancelled" {
			return fmt.Errorf("after the cancel: %v %w", r.Body, err)
		}
		for a.Orders()[0].Status != "canceled" { // CertCentral may be told later
			if err := l.advance(ctx, time.Minute); err != nil {
				return fmt.Errorf("the order at CertCentral is %s: %w", a.Orders()[0].Status, err)
			}
		}
		return a.paid(0)
	}
	try(t, s, points(t, calls(t, s), faults...))
}
