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

// cancel asks to cancel until it is known what came of it.
func (a *at) cancel(t *testing.T, o vault.Order) vault.Progress {
	t.Helper()
	o.CancelRequested = true
	for range mostSteps {
		o.Now = a.now
		p, err := a.issuer(t).Cancel(t.Context(), o)
		if err == nil {
			return p
		}
		a.pass(after(err))
	}
	t.Fatal("no end of cancelling")
	return vault.Progress{}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		play   certcentral.Play
		steps  int
		verb   string // done to the order before
		want   bool
		status string // of the order after; "" none there
	}{
		{name: "nothing done", want: true},
		{name: "intended", steps: 1, want: true},
		{name: "pending", play: certcentral.Play{Hold: true}, steps: 3, want: true, status: "canceled"},
		{name: "placed", play: certcentral.Play{Hold: true}, steps: 2, want: true, status: "canceled"},
		{name: "approval", play: certcentral.Play{Approval: true}, steps: 3, want: true, status: "rejected"},
		{name: "rejected", play: certcentral.Play{Hold: true}, steps: 3, verb: "reject", want: true, status: "rejected"},
		{name: "canceled there", play: certcentral.Play{Hold: true}, steps: 3, verb: "cancel", want: true, status: "canceled"},
		{name: "issued", play: certcentral.Play{Hold: true}, steps: 3, verb: "issue", want: false, status: "issued"},
		{name: "gone", play: certcentral.Play{Hold: true}, steps: 3, verb: "forget", want: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, c.play)
			_, o := a.steps(t, newOrder(t, "www.example.test"), c.steps)
			if c.verb != "" {
				must.Do(t, a.Do(a.Orders()[0].ID, c.verb, "because"))
			}
			if p := a.cancel(t, o); p.Cancelled != c.want {
				t.Errorf("cancelled = %v, %v", p.Cancelled, p.Notes)
			}
			checkStatus(t, a, c.status)
		})
	}
}

func checkStatus(t *testing.T, a *at, want string) {
	t.Helper()
	got := ""
	for _, o := range a.Orders() {
		got += o.Status
	}
	if got != want {
		t.Errorf("the account has orders %q, want %q", got, want)
	}
}

// An order whose answer was lost is looked for before it is called cancelled,
// wherever the fault fell; no order is left that somebody pays for in vain.
func TestCancelAfterAnyFault(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, 6 * time.Minute} {
		for _, kind := range certcentral.FaultKinds {
			t.Run(lag.String()+"/"+kind, func(t *testing.T) {
				t.Parallel()
				rows := sqltest.Accounts(t)
				for call := 1; call <= 8; call++ {
					a := onBook(t, certcentral.Play{Hold: true, Lag: certcentral.Duration(lag)}, rows, func() time.Time { return began })
					a.Break(certcentral.Fault{Kind: kind, Call: call})
					_, o := a.steps(t, newOrder(t, "www.example.test"), 2)
					if p := a.cancel(t, o); !p.Cancelled {
						t.Errorf("call %d: not cancelled: %v", call, p.Notes)
					}
					for _, order := range a.Orders() {
						if order.Status != "canceled" {
							t.Errorf("call %d: an order is left %s", call, order.Status)
						}
					}
					a.close()
				}
			})
		}
	}
}

// Once cancelling is lost the order goes on to its certificate.
func TestCancelLost(t *testing.T) {
	t.Parallel()
	a := newAccount(t, certcentral.Play{Hold: true})
	o := follows(t, a)
	must.Do(t, a.Do(a.Orders()[0].ID, "issue", ""))
	p := a.cancel(t, o)
	if p.Cancelled || !strings.Contains(strings.Join(p.Notes, " "), "cannot be canceled any more") {
		t.Fatalf("%+v", p)
	}
	o.CancelRequested = true
	a.mustIssue(t, a.walk(t, o), 1)
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		play   certcentral.Play
		noRef  bool
		reason int
		bad    string
	}{
		{name: "plain"},
		{name: "key compromise", reason: 1},
		{name: "by serial number", noRef: true, reason: 4},
		{name: "approved by us", play: certcentral.Play{Approval: true}},
		{name: "unknown reason", reason: 6, bad: "does not know revocation reason 6"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, certcentral.Play{})
			p := a.walk(t, newOrder(t, "www.example.test"))
			a.Set(c.play)
			r := vault.Revocation{Issuer: resource(), Password: apiKey, Ref: p.Ref, Chain: p.Chain, Reason: c.reason, Now: a.now}
			if c.noRef {
				r.Ref = nil
			}
			err := a.issuer(t).Revoke(t.Context(), r)
			if c.bad != "" {
				if err == nil || !strings.Contains(err.Error(), c.bad) {
					t.Errorf("%v, want %q", err, c.bad)
				}
				return
			}
			must.Do(t, err)
			checkStatus(t, a, "revoked")
			if r.Ref = p.Ref; a.issuer(t).Revoke(t.Context(), r) != nil {
				t.Error("revoking twice is an error")
			}
		})
	}
}

func TestRevokeErrors(t *testing.T) {
	t.Parallel()
	a := newAccount(t, certcentral.Play{})
	p := a.walk(t, newOrder(t, "www.example.test"))
	r := vault.Revocation{Password: "wrong", Ref: p.Ref, Chain: p.Chain}
	if err := a.issuer(t).Revoke(t.Context(), r); err == nil || !strings.Contains(err.Error(), "API key is not valid") {
		t.Errorf("wrong key: %v", err)
	}
	a.Break(certcentral.Fault{Kind: certcentral.Away})
	r.Password = apiKey
	if err := a.issuer(t).Revoke(t.Context(), r); err == nil {
		t.Error("away: no error")
	}
	if err := a.issuer(t).Revoke(t.Context(), vault.Revocation{Password: apiKey}); err == nil {
		t.Error("nothing to revoke: no error")
	}
}
