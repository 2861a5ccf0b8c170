package digicert

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/conformance/certcentral"
	"certwright/internal/clock"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// plays are the ways an order may go that ends with a certificate.
var plays = map[string]certcentral.Play{
	"at once":          {Immediate: true},
	"soon":             {},
	"after hours":      {Delay: certcentral.Duration(time.Hour)},
	"through pickup":   {Pickup: true, Delay: certcentral.Duration(time.Minute)},
	"listed late":      {Immediate: true, Lag: certcentral.Duration(6 * time.Minute)},
	"no alternate ids": {NoLookup: true, Lag: certcentral.Duration(6 * time.Minute)},
	"csr used once":    {UsedCSR: true},
}

func TestIssues(t *testing.T) {
	t.Parallel()
	for name, play := range plays {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, play)
			o := newOrder(t, "www.example.test", "api.example.test", "*.shop.example.test")
			leaf := a.mustIssue(t, a.walk(t, o), 1)
			for _, n := range []string{"www.example.test", "api.example.test", "x.shop.example.test"} {
				if err := leaf.VerifyHostname(n); err != nil {
					t.Error(err)
				}
			}
			if got := a.Orders()[0]; got.Product != "ssl_basic" || got.Organ != 90210 || !strings.Contains(got.Comments, o.ID) {
				t.Errorf("ordered %+v", got)
			}
		})
	}
}

// Whatever goes wrong with whichever call, before or after it acted, and each
// step taken by another process: one order is paid, and it comes to its end.
func TestAnyFaultAtAnyCall(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"at once", "after hours", "listed late", "no alternate ids"} {
		play := plays[name]
		whole := newAccount(t, play)
		whole.walk(t, newOrder(t, "www.example.test"))
		calls := len(whole.Calls())
		for _, kind := range certcentral.FaultKinds {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				rows := sqltest.Accounts(t)
				for call := 1; call <= calls; call++ {
					one(t, play, rows, certcentral.Fault{Kind: kind, Call: call})
				}
			})
		}
	}
}

// one takes an order through an account with faults.
func one(t *testing.T, play certcentral.Play, rows vault.Accounts, faults ...certcentral.Fault) {
	t.Helper()
	a := onBook(t, play, rows, func() time.Time { return began })
	defer a.close()
	a.Break(faults...)
	defer func() {
		if t.Failed() {
			t.Logf("faults: %+v", faults)
		}
	}()
	a.mustIssue(t, a.walk(t, newOrder(t, "www.example.test")), 1)
}

// The same with two calls gone wrong, and with whole stretches of outage.
func TestTwoFaults(t *testing.T) {
	t.Parallel()
	kinds := []string{certcentral.CutBefore, certcentral.CutAfter, certcentral.Broken, certcentral.Truncated}
	for name, play := range map[string]certcentral.Play{"at once": plays["at once"], "listed late": plays["listed late"]} {
		for _, first := range kinds {
			t.Run(name+"/"+first, func(t *testing.T) {
				t.Parallel()
				rows := sqltest.Accounts(t)
				for _, second := range kinds {
					for call := 2; call <= 4; call++ {
						one(t, play, rows, certcentral.Fault{Kind: first, Call: call},
							certcentral.Fault{Kind: second, Call: call + 1}, certcentral.Fault{Kind: second, Call: call + 2})
					}
				}
			})
		}
	}
}

// A killed process loses the answer of a step, also of one that ordered.
func TestKilledBetweenSteps(t *testing.T) {
	t.Parallel()
	for name, play := range plays {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for kill := range 6 {
				a := newAccount(t, play)
				o := newOrder(t, "www.example.test")
				for n := 0; n < kill; n++ { // the last of these steps is lost
					_, saved := a.steps(t, o, 1)
					if n < kill-1 {
						o.State = saved.State
					}
				}
				a.mustIssue(t, a.walk(t, o), 1)
			}
		})
	}
}

// Two processes that take the same step at the same time place one order.
func TestTwoProcessesAtOnce(t *testing.T) {
	t.Parallel()
	a := newAccount(t, certcentral.Play{Lag: certcentral.Duration(time.Hour)})
	_, o := a.steps(t, newOrder(t, "www.example.test"), 1)
	var all sync.WaitGroup
	for range 8 {
		i := a.issuer(t)
		all.Go(func() { _, _ = i.Step(t.Context(), o) })
	}
	all.Wait()
	if got := len(a.Orders()); got != 1 {
		t.Errorf("%d orders were placed, want 1", got)
	}
}

// An order that never arrived is placed again, once it was looked for long enough.
func TestAnOrderThatNeverArrived(t *testing.T) {
	t.Parallel()
	a := newAccount(t, certcentral.Play{Immediate: true})
	_, o := a.steps(t, newOrder(t, "www.example.test"), 1)
	a.Break(certcentral.Fault{Kind: certcentral.CutBefore, Method: "POST", Call: 1})
	p, o := a.steps(t, o, 2)
	if !strings.Contains(p.Detail, "answer to the order was lost") {
		t.Errorf("detail = %q", p.Detail)
	}
	from := a.now
	a.mustIssue(t, a.walk(t, o), 1)
	if waited := a.now.Sub(from); waited < 9*time.Minute || waited > 11*time.Minute {
		t.Errorf("it was placed again after %v, want 10 minutes", waited)
	}
}

// A state that was lost altogether, as with an old backup, finds its order.
func TestLostState(t *testing.T) {
	t.Parallel()
	a := newAccount(t, certcentral.Play{Hold: true})
	fresh := newOrder(t, "www.example.test")
	a.steps(t, fresh, 5)
	a.accounts = sqltest.Accounts(t)
	must.Do(t, a.Do(a.Orders()[0].ID, "issue", ""))
	a.mustIssue(t, a.walk(t, fresh), 1)
}

// Data restored from a backup that was made right before the order was placed
// find it, also where the account has no alternative order ids.
func TestRestoredBeforeItWasPlaced(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]certcentral.Play{"alternate": {Hold: true}, "list": {Hold: true, NoLookup: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, play)
			_, saved := a.steps(t, newOrder(t, "www.example.test"), 1)
			if len(a.Orders()) != 0 {
				t.Fatal("the order was placed too early for this test")
			}
			a.steps(t, saved, 4)
			a.accounts = sqltest.Accounts(t) // as it was in the backup
			a.pass(time.Hour)
			must.Do(t, a.Do(a.Orders()[0].ID, "issue", ""))
			a.mustIssue(t, a.walk(t, saved), 1)
		})
	}
}

// Among many orders of one name the one with our request id in its comments is found.
func TestFoundAmongMany(t *testing.T) {
	t.Parallel()
	for _, others := range []int{3, 45, 130} {
		t.Run(fmt.Sprint(others), func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, certcentral.Play{NoLookup: true})
			_, o := a.steps(t, newOrder(t, "www.example.test"), 1)
			a.Break(certcentral.Fault{Kind: certcentral.CutAfter, Method: "POST", Call: 1})
			_, o = a.steps(t, o, 1)
			a.Mend()
			for range others {
				_, other := a.steps(t, newOrder(t, "www.example.test"), 1)
				a.steps(t, other, 1)
			}
			a.mustIssue(t, a.walk(t, o), others+1)
		})
	}
}

// A 429 is no attempt, and names when to come back.
func TestTooManyRequests(t *testing.T) {
	t.Parallel()
	a := newAccount(t, certcentral.Play{})
	a.Break(certcentral.Fault{Kind: certcentral.Limit})
	_, err := a.issuer(t).Step(t.Context(), newOrder(t, "www.example.test"))
	if got := after(err); err == nil || got != slow {
		t.Errorf("after %v: %v, want %v", got, err, slow)
	}
}

// One key's calls keep to its rate, so that the account never says 429: before
// it would, the issuer comes back later.
func TestKeepsThePace(t *testing.T) {
	t.Parallel()
	a := onBook(t, certcentral.Play{Limits: true, Hold: true}, sqltest.Accounts(t), clock.Real{}.Now)
	defer a.close()
	i := a.issuer(t)
	errs := make(chan error, 120)
	var all sync.WaitGroup
	for range cap(errs) {
		o := newOrder(t, "www.example.test")
		all.Go(func() {
			_, err := i.Step(t.Context(), o)
			errs <- err
		})
	}
	all.Wait()
	close(errs)
	paced := 0
	for err := range errs {
		switch got := after(err); {
		case err == nil:
		case !errors.Is(err, vault.ErrPaced):
			t.Fatal(err)
		case got <= 0 || got > 3*time.Minute:
			t.Errorf("come back after %v", got)
		default:
			paced++
		}
	}
	if calls := len(a.Calls()); paced == 0 || calls+paced != cap(errs) {
		t.Errorf("%d calls, %d came too early", calls, paced)
	}
}

// PendingLimit is what the settings say.
func TestPatience(t *testing.T) {
	t.Parallel()
	a := newAccount(t, certcentral.Play{})
	if got := a.issuer(t).PendingLimit(); got != 30*24*time.Hour {
		t.Errorf("patience = %v", got)
	}
	a.set.PendingTimeout = time.Hour
	if got := a.issuer(t).PendingLimit(); got != time.Hour {
		t.Errorf("patience = %v", got)
	}
}

var _ = []any{vault.Issuer(&Issuer{}), vault.Canceler(&Issuer{}), vault.Validator(&Issuer{}), vault.Revoker(&Issuer{}), vault.PendingLimiter(&Issuer{})}
