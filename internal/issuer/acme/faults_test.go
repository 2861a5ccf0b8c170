package acme

import (
	"errors"
	"strings"
	"testing"
	"time"

	"certwright/conformance/pebble"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// TestFaults plays an authority that can be reached, but badly.
func TestFaults(t *testing.T) {
	t.Parallel()
	s := pebble.Start(t, pebble.Options{})
	book := sqltest.Accounts(t)
	for name, test := range map[string]func(*testing.T, *pebble.Server, vault.Accounts){
		"every answer is lost once": lostAnswers, "another process after every step": everyStep, "throttled": throttle, "limits": limited,
		"the order is gone": orderGone, "outage": outage, "processing": processing, "new credentials": newCredentials,
	} {
		t.Run(name, func(t *testing.T) { test(t, s, book) })
	}
	clean(t, s)
}

// Whatever is lost on the way, one certificate is made, and nothing is left.
func lostAnswers(t *testing.T, s *pebble.Server, book vault.Accounts) {
	for k := 0; ; k++ {
		posts, before := 0, issues(s)
		m := meddle(t, s, func(_ int, c call) verdict {
			if c.method != "POST" {
				return honest
			}
			posts++
			if posts == k+1 {
				return lost
			}
			return honest
		})
		i := newIssuer(t, s, book, m.between)
		w := drive(t, i, newOrder(t, resource("lost"), "lost.test"), nil)
		w.issued(t)
		if n := issues(s) - before; n != 1 {
			t.Errorf("with answer %d lost %d certificates were made", k, n)
		}
		clean(t, s)
		if posts <= k {
			if k < 8 {
				t.Errorf("an order takes only %d posts", posts)
			}
			return
		}
	}
}

// issues counts the certificates that the authority made.
func issues(s *pebble.Server) int { return strings.Count(s.Log(), "Issued certificate serial") }

// Each step is taken by a fresh process, twice over: the first one dies before
// it can save. At most the order is placed twice; one is finalized.
func everyStep(t *testing.T, s *pebble.Server, book vault.Accounts) {
	m := meddle(t, s, func(int, call) verdict { return honest })
	i := newIssuer(t, s, book, m.between)
	o := newOrder(t, resource("crash"), "crash.test", "*.crash.test")
	if _, err := i.Step(t.Context(), o); err != nil { // makes the account
		t.Fatal(err)
	}
	for range 100 {
		dead, err := another(t, i).Step(t.Context(), o)
		if err != nil {
			t.Fatalf("%v after %+v", err, dead)
		}
		p, err := another(t, i).Step(t.Context(), o)
		must.Do(t, err)
		if over(p) {
			course{Progress: p}.issued(t)
			if n := m.arrived("finalize-order"); n != 1 {
				t.Errorf("%d certificate requests were sent", n)
			}
			if n := m.arrived("order-plz"); n != 2 {
				t.Errorf("%d orders were placed, want the one lost and the one kept", n)
			}
			return
		}
		o.State = p.State
		passTime(&o, p.Again)
	}
	t.Fatal("no end after 100 steps")
}

// 429 is no refusal: the order comes back when it was told to.
func throttle(t *testing.T, s *pebble.Server, book vault.Accounts) {
	now := honest
	m := meddle(t, s, func(_ int, c call) verdict {
		if c.path == "/order-plz" {
			return now
		}
		return honest
	})
	i := newIssuer(t, s, book, m.between)
	w := drive(t, i, newOrder(t, resource("throttle"), "throttle.test"), func(s state) bool { return s.Account != "" || registered(t, i) })
	now = limitless
	if _, err := i.Step(t.Context(), w.order); err == nil || !strings.Contains(err.Error(), "too many (rateLimited)") {
		t.Fatalf("without Retry-After: %v", err)
	}
	now = throttled
	var retry *vault.RetryError
	if _, err := i.Step(t.Context(), w.order); !errors.As(err, &retry) || retry.After != 77*time.Second || !strings.Contains(err.Error(), "too many") {
		t.Fatalf("with Retry-After: %v", err)
	}
	before := m.arrived("order-plz")
	now = honest
	if _, err := i.Step(t.Context(), w.order); !errors.Is(err, vault.ErrPaced) || !strings.Contains(err.Error(), "limits orders for exactly these names (throttle.test): too many (rateLimited)") {
		t.Fatalf("before the time has come: %v", err)
	}
	if m.arrived("order-plz") != before {
		t.Error("the authority was asked before the time it gave")
	}
	drive(t, another(t, i), w.order, nil).issued(t)
}

// A limit binds what it is about, and all others go on: the names of its
// subproblems, the account that it names, else orders for the same names. Who is
// held says by what; when the time is over it goes on.
func limited(t *testing.T, s *pebble.Server, book vault.Accounts) {
	for name, c := range map[string]struct {
		how        verdict
		about      string
		held, free [][]string // orders of the same account, before the time has come
	}{
		"a name": {named, "limits orders for www.limited.test: too many certificates for a name; WWW.limited.test: 50 this week (rateLimited)",
			[][]string{{"www.limited.test"}, {"a.test", "WWW.limited.test"}}, [][]string{{"limited.test"}, {"a.test"}, {"*.limited.test"}}},
		"a set of names": {throttled, "limits orders for exactly these names (limited.test, www.limited.test): too many (rateLimited)",
			[][]string{{"www.limited.test", "limited.test"}}, [][]string{{"www.limited.test"}, {"limited.test", "www.limited.test", "a.test"}}},
		"nothing said": {unexplained, "limits orders for exactly these names (limited.test, www.limited.test): too many requests",
			[][]string{{"www.limited.test", "limited.test"}}, [][]string{{"limited.test"}}},
		"the account": {accounted, "limits all orders of this issuer's account: too many new orders (300) from this account",
			[][]string{{"limited.test"}, {"a.test"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			now := honest
			m := meddle(t, s, func(_ int, c call) verdict {
				if c.path == "/order-plz" {
					return now
				}
				return honest
			})
			i := newIssuer(t, s, book, m.between)
			i.Share(name, book)
			beside := another(t, i) // a server that shares the rows
			beside.Share(name, book)
			before := drive(t, i, newOrder(t, resource("limits"), "before.test"), func(s state) bool { return s.Order != "" })
			o := newOrder(t, resource("limits"), "limited.test", "www.limited.test")
			now = c.how
			mustWait(t, i, o, c.about)
			now = honest
			placed := m.arrived("order-plz")
			for _, names := range append(c.held, []string{"limited.test", "www.limited.test"}) {
				mustWait(t, i, newOrder(t, resource("limits"), names...), c.about)
				mustWait(t, beside, newOrder(t, resource("limits"), names...), c.about)
			}
			if n := m.arrived("order-plz"); n != placed {
				t.Errorf("the authority was asked %d times about what it limits", n-placed)
			}
			for _, names := range c.free {
				drive(t, beside, newOrder(t, resource("limits"), names...), nil).issued(t)
			}
			drive(t, i, before.order, nil).issued(t)
			drive(t, i, newOrder(t, resource("elsewhere"), "limited.test", "www.limited.test"), nil).issued(t)
			o.Now = o.Now.Add(time.Hour)
			drive(t, i, o, nil).issued(t)
		})
	}
}

// mustWait takes a step that a limit holds up, and wants to be told about it.
func mustWait(t *testing.T, i *Issuer, o vault.Order, about string) {
	t.Helper()
	_, err := i.Step(t.Context(), o)
	var retry *vault.RetryError
	if !errors.As(err, &retry) || !errors.Is(err, vault.ErrPaced) || retry.After <= 0 || retry.After > time.Hour || !strings.Contains(err.Error(), about) {
		t.Errorf("%v, want a wait that says %q", err, about)
	}
}

func registered(t *testing.T, i *Issuer) bool {
	t.Helper()
	l, _, err := i.read(t.Context(), resource("throttle"))
	must.Do(t, err)
	return len(l.Accounts) > 0 && l.Accounts[0].URL != ""
}

// An order that the authority forgot, as after its expiry, is placed anew once.
func orderGone(t *testing.T, s *pebble.Server, book vault.Accounts) {
	forget := 1
	m := meddle(t, s, func(_ int, c call) verdict {
		if forget > 0 && strings.HasPrefix(c.path, "/my-order/") {
			forget--
			return gone
		}
		return honest
	})
	i := newIssuer(t, s, book, m.between)
	w := drive(t, i, newOrder(t, resource("gone"), "gone.test"), nil)
	w.issued(t)
	if !strings.Contains(w.notes, "any more; the order is placed anew") {
		t.Errorf("history:\n%s", w.notes)
	}
	forget = 2
	drive(t, i, newOrder(t, resource("gone"), "gone.test"), nil).refused(t, vault.IssuerFault, "The order was lost twice")
}

// However long the authority is away, the order waits, and says why.
func outage(t *testing.T, s *pebble.Server, book vault.Accounts) {
	how := broken
	m := meddle(t, s, func(int, call) verdict { return how })
	i := newIssuer(t, s, book, m.between)
	o := newOrder(t, resource("outage"), "outage.test")
	if _, err := i.Step(t.Context(), o); err == nil || !strings.Contains(err.Error(), "503") {
		t.Fatalf("%v", err)
	}
	how = honest
	for range 2 {
		p, err := i.Step(t.Context(), o)
		must.Do(t, err)
		o.State = p.State
	}
	for _, how = range []verdict{unanswered, broken} {
		_, err := i.Step(t.Context(), o)
		if err == nil || strings.Contains(err.Error(), "attempt") || strings.Contains(err.Error(), "Post") {
			t.Errorf("in words for people: %v", err)
		}
		if _, err := i.Cancel(t.Context(), o); err == nil {
			t.Error("a cancel that nobody heard succeeded")
		}
	}
	how = honest
	drive(t, i, o, nil).issued(t)
}

// The order of an account goes on when the issuer gets other credentials.
func newCredentials(t *testing.T, s *pebble.Server, book vault.Accounts) {
	i := newIssuer(t, s, book, nil)
	w := drive(t, i, newOrder(t, resource("turn"), "turn.test"), func(s state) bool { return s.Order != "" })
	w.order.Issuer.Credentials = &vault.Credentials{AccountID: "a@turn.test"}
	w = drive(t, i, w.order, nil)
	w.issued(t)
	l, _, err := i.read(t.Context(), resource("turn"))
	if err != nil || len(l.Accounts) != 1 {
		t.Errorf("%d accounts, %v", len(l.Accounts), err)
	}
	o := newOrder(t, resource("turn"), "turn.test")
	o.Issuer = w.order.Issuer
	next := drive(t, i, o, nil)
	next.issued(t)
	if readReference(next.Ref).Account == readReference(w.Ref).Account {
		t.Error("other credentials used the same account")
	}
}

// An answer in the middle of issuing is waited for.
func processing(t *testing.T, s *pebble.Server, book vault.Accounts) {
	i := newIssuer(t, s, book, nil)
	o := newOrder(t, resource("wait"), "wait.test")
	w := i.step(o)
	_, heard := listen(t.Context())
	for _, c := range []struct{ since, want time.Duration }{{0, time.Second}, {time.Minute, 7500 * time.Millisecond}, {24 * time.Hour, 5 * time.Minute}} {
		w.state.Waiting, w.order.Now = noon, noon.Add(c.since)
		if got := w.poll(heard, "").Again; got != c.want {
			t.Errorf("after %v again in %v, want %v", c.since, got, c.want)
		}
	}
}
