package digicert

import (
	"strings"
	"testing"
	"time"

	"certwright/conformance/certcentral"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

const days = 24 * time.Hour

// renewed is the order that follows the one behind p, some time later.
func (a *at) renewed(t *testing.T, p vault.Progress, later time.Duration, names ...string) vault.Order {
	t.Helper()
	a.pass(later)
	o := newOrder(t, names...)
	o.Previous, o.Created, o.Now = p.Ref, a.now, a.now
	return o
}

func TestRenewal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		set       Settings
		later     time.Duration
		names     []string
		verb      string // done to the old order
		orders    int    // paid in all
		reissues  int
		renewalOf bool
	}{
		{name: "reissue while the order lasts", later: 160 * days, orders: 1, reissues: 1},
		{name: "renew when it ends soon", later: 300 * days, orders: 2, renewalOf: true},
		{name: "renew by the setting", set: Settings{Renew: "renew"}, later: 160 * days, orders: 2},
		{name: "renew by the setting, near the end", set: Settings{Renew: "renew"}, later: 300 * days, orders: 2, renewalOf: true},
		{name: "new by the setting", set: Settings{Renew: "new"}, later: 300 * days, orders: 2},
		{name: "more names are reissued", later: 160 * days, names: []string{"www.example.test", "api.example.test", "new.example.test"}, orders: 1, reissues: 1},
		{name: "fewer names are ordered anew", later: 160 * days, names: []string{"www.example.test"}, orders: 2},
		{name: "another name is ordered anew", later: 160 * days, names: []string{"other.example.test", "api.example.test"}, orders: 2},
		{name: "revoked before", later: 160 * days, verb: "revoke", orders: 2},
		{name: "not there any more", later: 160 * days, verb: "forget", orders: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, certcentral.Play{})
			a.set = c.set
			old := a.walk(t, newOrder(t, "www.example.test", "api.example.test"))
			first := a.Orders()[0].ID
			if c.verb != "" {
				must.Do(t, a.Do(first, c.verb, ""))
			}
			if c.names == nil {
				c.names = []string{"www.example.test", "api.example.test"}
			}
			leaf := a.mustIssue(t, a.walk(t, a.renewed(t, old, c.later, c.names...)), c.orders)
			if leaf.NotBefore.Before(a.now.Add(-time.Hour)) {
				t.Errorf("the old certificate came back: from %v", leaf.NotBefore)
			}
			orders := a.Orders()
			last := orders[len(orders)-1]
			if last.Reissues != c.reissues || (last.RenewalOf == first) != c.renewalOf {
				t.Errorf("the last order has %d reissues and renews %d", last.Reissues, last.RenewalOf)
			}
		})
	}
}

// A reissue meets every fault too: one reissue, no new order, and never the old certificate.
func TestReissueWithAnyFault(t *testing.T) {
	t.Parallel()
	for _, delay := range []time.Duration{0, time.Hour} {
		for _, kind := range certcentral.FaultKinds {
			t.Run(delay.String()+"/"+kind, func(t *testing.T) {
				t.Parallel()
				rows := sqltest.Accounts(t)
				for call := 1; call <= 7; call++ {
					a := onBook(t, certcentral.Play{}, rows, func() time.Time { return began })
					old := a.walk(t, newOrder(t, "www.example.test"))
					a.Set(certcentral.Play{Delay: certcentral.Duration(delay)})
					o := a.renewed(t, old, 160*days, "www.example.test")
					a.Break(certcentral.Fault{Kind: kind, Call: call})
					leaf := a.mustIssue(t, a.walk(t, o), 1)
					if got := a.Orders()[0].Reissues; got != 1 {
						t.Errorf("call %d: %d reissues", call, got)
					}
					if leaf.NotBefore.Before(began.Add(160 * days)) {
						t.Errorf("call %d: the old certificate came back", call)
					}
					a.close()
				}
			})
		}
	}
}

func TestReissueRejected(t *testing.T) {
	t.Parallel()
	a := newAccount(t, certcentral.Play{})
	old := a.walk(t, newOrder(t, "www.example.test"))
	a.Set(certcentral.Play{Hold: true})
	_, o := a.steps(t, a.renewed(t, old, 160*days, "www.example.test"), 3)
	must.Do(t, a.Do(a.Orders()[0].ID, "reject", "no more"))
	p := a.walk(t, o)
	if p.Failure == nil || p.Failure.Code != vault.RequestRejected || !strings.Contains(p.Failure.Message, "no more") {
		t.Errorf("%+v", p.Failure)
	}
}

func TestReissueCancelled(t *testing.T) {
	t.Parallel()
	a := newAccount(t, certcentral.Play{})
	old := a.walk(t, newOrder(t, "www.example.test"))
	a.Set(certcentral.Play{Hold: true})
	_, o := a.steps(t, a.renewed(t, old, 160*days, "www.example.test"), 3)
	if p := a.cancel(t, o); !p.Cancelled {
		t.Errorf("%+v", p)
	}
	checkStatus(t, a, "issued") // the certificate before stands
	o.CancelRequested = true
	if p := a.walk(t, o); !p.Cancelled {
		t.Errorf("a step after that: %+v", p)
	}
}

// What CertCentral will not renew is ordered anew.
func TestRenewalRefused(t *testing.T) {
	t.Parallel()
	a := newAccount(t, certcentral.Play{})
	old := a.walk(t, newOrder(t, "www.example.test"))
	a.Set(certcentral.Play{NoRenewal: true})
	a.mustIssue(t, a.walk(t, a.renewed(t, old, 300*days, "www.example.test")), 2)
}
