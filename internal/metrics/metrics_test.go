package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"certwright/internal/clock"
	"certwright/internal/engine"
	"certwright/internal/keys"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const days = 24 * time.Hour

// A house is a store with metrics over it, whose clock stands at noon.
type house struct {
	*Metrics
	store vault.Store
	clock *clock.Shifted
}

func newHouse(t testing.TB) *house {
	t.Helper()
	store := sqltest.Open(t)
	h := &house{store: store, clock: &clock.Shifted{Base: func() time.Time { return noon }}}
	var err error
	h.Metrics, err = New(Metrics{Store: store, Clock: h.clock, Offset: h.clock.Offset, Longest: store.LongestTransaction, Failures: failures, Writable: func() bool { return false }, Altered: func() int64 { return 5 }, Settings: vault.DefaultSettings, Sinks: []string{"hook", "mail"},
		Version: "1.2.3", Keys: stock, DataKeys: dataKeysOf, Log: slog.New(slog.DiscardHandler)})
	must.Do(t, err)
	return h
}

// failures are those of a disk that was full.
func failures() map[vault.StorageFault]int64 {
	return map[vault.StorageFault]int64{vault.DiskFull: 4, vault.DiskFails: 0}
}

// stock is that of a pool of ready keys.
func stock() []keys.Stock {
	return []keys.Stock{{Bits: 2048, Ready: 31, Taken: 7, Made: 2}, {Bits: 4096}}
}

func (h *house) update(t testing.TB, fn func(vault.Tx) error) {
	t.Helper()
	must.Do(t, h.store.Update(t.Context(), fn))
}

// A cert is a certificate to put into the store.
type cert struct {
	vault, name  string
	born, lives  time.Duration // from noon; lives 0: it has no expiry
	off, pending bool
	deleted      bool
	op           *vault.Operation
}

func (h *house) put(t testing.TB, all ...cert) {
	t.Helper()
	h.update(t, func(tx vault.Tx) error {
		for _, c := range all {
			ref := vault.Ref{Vault: c.vault, Kind: vault.Certificates, Name: c.name}
			o := vault.Object{Ref: ref, Latest: "v1", Created: noon,
				Policy: &vault.Policy{Enabled: true, Issuer: vault.IssuerParams{Name: "ca"},
					Lifetime: []vault.LifetimeAction{{Action: vault.AutoRenew, Trigger: vault.Trigger{LifetimePercentage: 80}}}}}
			if c.deleted {
				o.Deletion = &vault.Deletion{At: noon, PurgeAt: noon.Add(90 * days)}
			}
			v := vault.Version{Ref: ref, ID: "v1", Attributes: vault.Attributes{Enabled: !c.off, Created: noon.Add(c.born)}}
			if c.lives != 0 {
				v.Attributes.NotBefore, v.Attributes.Expires = noon.Add(c.born), noon.Add(c.born+c.lives)
			}
			if c.op != nil {
				op := *c.op
				op.Ref = ref
				o.Operation = &op
			}
			if c.pending {
				o.Placeholder = &vault.Placeholder{Attributes: v.Attributes}
			}
			if err := tx.PutObject(&o); err != nil {
				return err
			}
			if c.pending {
				continue
			}
			if err := tx.PutVersion(v); err != nil {
				return err
			}
		}
		return nil
	})
}

// order is an operation of an issuer that began so long before noon.
func order(issuer string, status vault.Status, ago time.Duration) vault.Operation {
	return vault.Operation{Status: status, IssuerName: issuer, RequestID: vault.NewID(), Created: noon.Add(-ago)}
}

func renewed(issuer string, status vault.Status, ago time.Duration) *vault.Operation {
	o := order(issuer, status, ago)
	o.Renewal = true
	return &o
}

// fill puts something of everything there.
func (h *house) fill(t testing.TB) {
	t.Helper()
	asking, cancelled, tried := order("ca", vault.InProgress, 2*days), order("ca", vault.InProgress, 0), order("LE", vault.InProgress, 3*time.Hour)
	asking.WantsApproval, cancelled.CancelRequested, tried.Attempt = true, true, 3
	byHand, done, bad := order("Unknown", vault.InProgress, 0), order("ca", vault.Completed, 0), order("ca", vault.Failed, 0)
	h.put(t,
		cert{vault: "web", name: "Fresh", lives: 90 * days},
		cert{vault: "web", name: "soon", born: -85 * days, lives: 90 * days},
		cert{vault: "web", name: "over", born: -91 * days, lives: 90 * days},
		cert{vault: "web", name: "off", off: true, lives: 2 * days},
		cert{vault: "web", name: "off-and-over", off: true, born: -3 * days, lives: 2 * days},
		cert{vault: "web", name: "ever"},
		cert{vault: "web", name: "new", pending: true, op: &asking},
		cert{vault: "web", name: "gone", deleted: true, lives: 90 * days},
		cert{vault: "web", name: "c", lives: 90 * days, op: &cancelled},
		cert{vault: "web", name: "t", lives: 90 * days, op: &tried},
		cert{vault: "web", name: "h", lives: 90 * days, op: &byHand},
		cert{vault: "web", name: "d", lives: 90 * days, op: &done},
		cert{vault: "web", name: "b", lives: 90 * days, op: &bad},
		cert{vault: "mail", name: "just-due", born: -72*days - time.Hour, lives: 90 * days, op: renewed("LE", vault.InProgress, 0)},
		cert{vault: "mail", name: "late", born: -76 * days, lives: 90 * days, op: renewed("LE", vault.InProgress, 4*days)},
		cert{vault: "mail", name: "late-and-failed", born: -88 * days, lives: 90 * days, op: renewed("LE", vault.Failed, 0)},
		cert{vault: "mail", name: "six-days-late", born: -6 * days, lives: 6 * days, op: renewed("LE", vault.Failed, 0)},
		cert{vault: "mail", name: "given-up-on", off: true, born: -88 * days, lives: 90 * days, op: renewed("LE", vault.Failed, 0)},
	)
	h.update(t, func(tx vault.Tx) error {
		var errs []error
		for i, sink := range []string{"", "hook", "hook", "hook", "mail"} {
			errs = append(errs, tx.Append(vault.Message{ID: fmt.Sprint(i), Sink: sink, Topic: vault.EventExpired, At: noon.Add(time.Duration(i) * -time.Minute), Due: noon}))
		}
		rows, err := tx.Outbox("hook", vault.Queued, 0, 9)
		if err != nil || len(rows) != 3 {
			return fmt.Errorf("%v %v", rows, err)
		}
		rows[0].State = vault.Dead
		return errors.Join(append(errs, tx.PutMessage(rows[0]), engine.SetJob(tx, vault.JobSchedule, vault.Ref{Vault: "v", Kind: "k", Name: "n"}, noon.Add(-time.Minute)))...)
	})
	h.Request("GetCertificate", 200, 3*time.Millisecond)
	h.Request("", 404, time.Millisecond)
	h.Call("le", "step", "missed", time.Second)
	h.Delivery("hook", "delivered", time.Second)
	run := h.Job(func(context.Context, vault.Lease) error { return errors.New("no") })
	if err := run(t.Context(), vault.Lease{Job: vault.Job{Kind: vault.JobSchedule, Due: noon.Add(-90 * time.Second)}}); err == nil {
		t.Error("the job's error is lost")
	}
}

// scrape counts and asks.
func (h *house) scrape(t testing.TB) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { h.Run(ctx); close(ended) }()
	defer func() { stop(); <-ended }()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// said returns the lines of the metrics whose names begin so.
func said(text string, names ...string) (lines []string) {
	for _, line := range strings.Split(text, "\n") {
		for _, n := range names {
			if strings.HasPrefix(line, "certwright_"+n) {
				lines = append(lines, strings.TrimPrefix(line, "certwright_"))
			}
		}
	}
	return lines
}

func TestWhatIsCounted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.fill(t)
	h.clock.Advance(time.Second)
	text := h.scrape(t)
	want := []string{
		`certificates{state="deleted",vault="mail"} 0`, `certificates{state="deleted",vault="web"} 1`,
		`certificates{state="disabled",vault="mail"} 1`, `certificates{state="disabled",vault="web"} 2`,
		`certificates{state="expired",vault="mail"} 1`, `certificates{state="expired",vault="web"} 1`,
		`certificates{state="in_use",vault="mail"} 3`, `certificates{state="in_use",vault="web"} 8`,
		`certificates{state="pending",vault="mail"} 0`, `certificates{state="pending",vault="web"} 1`,
		`certificate_soonest_expiry_seconds{vault="mail"} 172799`, `certificate_soonest_expiry_seconds{vault="web"} 431999`,
		`operations{issuer="ca",status="asks",vault="web"} 1`, `operations{issuer="ca",status="cancelling",vault="web"} 1`, `operations{issuer="ca",status="failed",vault="web"} 1`,
		`operations{issuer="le",status="failed",vault="mail"} 3`, `operations{issuer="le",status="retries",vault="web"} 1`, `operations{issuer="le",status="waits",vault="mail"} 2`,
		`operations{issuer="unknown",status="merges",vault="web"} 1`,
		`operation_oldest_seconds{issuer="ca",vault="web"} 172801`, `operation_oldest_seconds{issuer="le",vault="mail"} 345601`,
		`operation_oldest_seconds{issuer="le",vault="web"} 10801`, `operation_oldest_seconds{issuer="unknown",vault="web"} 1`,
		`renewals_due{issuer="ca",vault="web"} 0`, `renewals_due{issuer="le",vault="mail"} 4`, `renewals_due{issuer="le",vault="web"} 0`, `renewals_due{issuer="unknown",vault="web"} 0`,
		`renewals_overdue{issuer="le",vault="mail"} 3`, `renewals_failed{issuer="le",vault="mail"} 2`,
		`renewal_soonest_expiry_seconds{issuer="le",vault="mail"} -1`,
		`messages{sink="hook",state="dead"} 1`, `messages{sink="hook",state="queued"} 2`, `messages{sink="mail",state="dead"} 0`, `messages{sink="mail",state="queued"} 1`,
		`message_oldest_seconds{sink="hook"} 121`, `message_oldest_seconds{sink="mail"} 241`,
		`job_overdue_seconds 61`,
		`clock_offset_seconds 1`,
		`store_writable 0`, `store_failures_total{fault="full"} 4`, `store_failures_total{fault="failing"} 0`, `store_altered_total 5`,
		`keys_ready{size="2048",type="RSA"} 31`, `keys_ready{size="4096",type="RSA"} 0`,
		`keys_total{size="2048",source="ready",type="RSA"} 7`, `keys_total{size="2048",source="made",type="RSA"} 2`,
		`keys_total{size="4096",source="ready",type="RSA"} 0`, `keys_total{size="4096",source="made",type="RSA"} 0`,
	}
	var got []string
	for _, line := range said(text, "certificates{", "certificate_soonest", "operations{", "operation_oldest", "renewals_due", "renewal_soonest", "messages{", "message_oldest", "job_overdue", "clock_offset", "keys_", "store_writable", "store_failures", "store_altered") {
		got = append(got, line)
	}
	got = append(got, said(text, `renewals_overdue{issuer="le",vault="mail"}`, `renewals_failed{issuer="le",vault="mail"}`)...)
	if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, line := range []string{
		`requests_total{operation="GetCertificate",status="200"} 1`, `requests_total{operation="none",status="404"} 1`,
		`request_duration_seconds_bucket{operation="GetCertificate",le="0.0025"} 0`, `request_duration_seconds_bucket{operation="GetCertificate",le="0.005"} 1`,
		`issuer_calls_total{call="step",outcome="missed",provider="le"} 1`, `deliveries_total{outcome="delivered",sink="hook"} 1`,
		`jobs_total{kind="life",outcome="error"} 1`, `job_lateness_seconds_sum{kind="life"} 90`,
		`certificate_days_left_bucket{vault="web",le="0"} 1`, `certificate_days_left_bucket{vault="web",le="7"} 2`, `certificate_days_left_bucket{vault="web",le="90"} 8`,
		`certificate_days_left_count{vault="web"} 8`, `operation_age_seconds_bucket{issuer="ca",vault="web",le="86400"} 1`, `operation_age_seconds_count{issuer="ca",vault="web"} 2`,
		`build_info{go="`,
	} {
		if !strings.Contains(text, "\ncertwright_"+line) {
			t.Errorf("%s is not there but\n%s", line, strings.Join(said(text, line[:strings.IndexAny(line, "{ ")]), "\n"))
		}
	}
	if names := regexp.MustCompile(`fresh|Fresh|late-and|six-days`).FindString(text); names != "" {
		t.Errorf("a certificate is named: %s", names)
	}
}

func sorted(list []string) map[string]bool {
	all := map[string]bool{}
	for _, s := range list {
		all[s] = true
	}
	return all
}

// Pages that are longer than one are counted whole, vault by vault.
func TestManyAreCounted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var all []cert
	for i := range 2*objectsPage + 1 {
		op := order("ca", vault.InProgress, 0)
		all = append(all, cert{vault: "one", name: fmt.Sprintf("c-%d", i), lives: 90 * days, op: &op})
	}
	for i := range objectsPage {
		all = append(all, cert{vault: "two", name: fmt.Sprintf("c-%d", i), deleted: true})
	}
	h.put(t, all...)
	c, err := h.count(t.Context())
	must.Do(t, err)
	if one, two := c.vaults["one"].states[inUse], c.vaults["two"].states[deleted]; one != 2*objectsPage+1 || two != objectsPage || len(c.vaults) != 2 {
		t.Errorf("%d and %d of %d vaults", one, two, len(c.vaults))
	}
	if w := c.orders[place{"one", "ca"}]; w == nil || w.states[waits] != 2*objectsPage+1 {
		t.Errorf("%+v", w)
	}
}

// Vaults that come into being without end do not make metrics without end.
func TestPlacesAreBounded(t *testing.T) {
	t.Parallel()
	c := &inventory{vaults: map[string]*counts{}, orders: map[place]*orderCounts{}}
	for i := range 3 * mostPlaces {
		c.add(fmt.Sprint("v", i), false, []vault.Entry{{Attributes: vault.Attributes{Enabled: true}}})
		c.ordersAt(place{"v", fmt.Sprint(i)}).states[waits]++
	}
	if len(c.vaults) != mostPlaces+1 || c.vaults[others].states[inUse] != 2*mostPlaces {
		t.Errorf("%d vaults, %d others", len(c.vaults), c.vaults[others].states[inUse])
	}
	if len(c.orders) != mostPlaces+1 || c.orders[place{others, others}].states[waits] != 2*mostPlaces {
		t.Errorf("%d issuers", len(c.orders))
	}
}

// slowStore is a store whose snapshots take a while, and counts them.
type slowStore struct {
	vault.Store
	views atomic.Int64
	takes time.Duration
}

func (s *slowStore) View(_ context.Context, fn func(vault.Reader) error) error {
	s.views.Add(1)
	time.Sleep(s.takes) // in a synctest bubble: no time at all
	return fn(empty{})
}

// empty is a store with nothing in it.
type empty struct{ vault.Reader }

func (empty) Vaults(string, int) ([]string, error) { return nil, nil }
func (empty) Orders(vault.Status, string, vault.Ref, int) ([]vault.Object, error) {
	return nil, nil
}
func (empty) NextDue(time.Time) (time.Time, error) { return time.Time{}, vault.ErrNotFound }

// However often somebody scrapes, the store is counted once a minute, and less
// often where counting takes long; only the first scrape waits, and not for long.
func TestCountsAreRare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		takes, every time.Duration
	}{{time.Millisecond, time.Minute}, {time.Second, 500 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			store := &slowStore{takes: c.takes}
			m, err := New(Metrics{Store: store, Clock: clock.Real{}, Offset: func() time.Duration { return 0 }, Longest: func() time.Duration { return 0 }, Failures: failures, Writable: func() bool { return true }, Altered: func() int64 { return 0 }, Settings: vault.DefaultSettings, Keys: stock, DataKeys: dataKeysOf, Log: slog.New(slog.DiscardHandler)})
			must.Do(t, err)
			ctx, stop := context.WithCancel(t.Context())
			go m.Run(ctx)
			ask := func() time.Duration {
				began := time.Now()
				m.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics", nil))
				return time.Since(began)
			}
			if took := ask(); took > firstTime {
				t.Errorf("the first scrape took %v", took)
			}
			synctest.Wait()
			time.Sleep(10 * time.Second)
			one := store.views.Load()
			if one == 0 {
				t.Error("nothing was counted")
			}
			for end := time.Now().Add(2 * c.every); time.Now().Before(end); time.Sleep(time.Second) {
				if took := ask(); took > 0 {
					t.Fatalf("a scrape took %v", took)
				}
			}
			time.Sleep(10 * time.Second)
			if n := store.views.Load() / one; n < 2 || n > 3 {
				t.Errorf("%d counts in two times %v", n, c.every)
			}
			stop()
			synctest.Wait()
		})
	}
}

// Servers that share a store count it once for all of them; one that ends in the
// middle of a count leaves the turn to the others before long.
func TestServersCountOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, rows := &slowStore{takes: time.Millisecond}, &shelf{}
		var all []*Metrics
		ctx, stop := context.WithCancel(t.Context())
		for range 3 {
			m, err := New(Metrics{Store: store, Clock: clock.Real{}, Offset: func() time.Duration { return 0 }, Longest: func() time.Duration { return 0 }, Failures: failures, Writable: func() bool { return true }, Altered: func() int64 { return 0 }, Settings: vault.DefaultSettings, Keys: stock, DataKeys: dataKeysOf, Log: slog.New(slog.DiscardHandler), Rows: rows})
			must.Do(t, err)
			go m.Run(ctx)
			all = append(all, m)
		}
		scrape := func(d time.Duration) {
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Second) {
				for _, m := range all {
					m.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics", nil))
				}
			}
			synctest.Wait()
		}
		scrape(10 * time.Second)
		one := store.views.Load()
		for n, m := range all {
			if m.last == nil {
				t.Errorf("server %d has nothing to show", n)
			}
		}
		scrape(5 * time.Minute)
		if n := store.views.Load() / one; n < 5 || n > 6 {
			t.Errorf("%d counts in five minutes, want one a minute", n)
		}
		before := store.views.Load()
		rows.text = []byte(`{"claimed":"` + time.Now().Add(turnTime).UTC().Format(time.RFC3339) + `"}`) // by one that is gone
		rows.rev++
		scrape(turnTime - 2*time.Second)
		if n := store.views.Load() - before; n != 0 {
			t.Errorf("%d looks at the store while another server counts", n)
		}
		scrape(time.Minute)
		if n := store.views.Load() - before; n != one {
			t.Errorf("%d looks at the store after a server was gone, want %d", n, one)
		}
		before = store.views.Load()
		wrong := time.Now().Add(20 * time.Hour).UTC().Format(time.RFC3339)
		rows.text = []byte(`{"claimed":"` + wrong + `","next":"` + wrong + `"}`) // whose clock was wrong
		rows.rev++
		scrape(2 * time.Minute)
		if n := (store.views.Load() - before) / one; n < 1 || n > 2 {
			t.Errorf("%d counts in two minutes after a server with a wrong clock was gone, want one a minute", n)
		}
		stop()
		synctest.Wait()
	})
}

// shelf is one row that servers share.
type shelf struct {
	mu   sync.Mutex
	text []byte
	rev  int64
}

func (s *shelf) Read(context.Context, string) ([]byte, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rev == 0 {
		return nil, 0, vault.ErrNotFound
	}
	return s.text, s.rev, nil
}

func (s *shelf) Write(_ context.Context, _ string, text []byte, rev int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if rev != s.rev {
		return vault.ErrStale
	}
	s.text, s.rev = text, s.rev+1
	return nil
}

// What another server counted is shown as it showed it.
func TestAnothersCount(t *testing.T) {
	t.Parallel()
	one, two, rows := newHouse(t), newHouse(t), &shelf{}
	one.Rows, two.Rows = rows, rows
	one.fill(t)
	inventory := func(h *house) []string {
		return said(h.scrape(t), "certificates", "certificate_", "operations", "operation_", "renewals", "renewal_", "messages", "message_", "job_overdue", "count_duration")
	}
	one.renew(t.Context())
	two.renew(t.Context())
	want := inventory(one)
	if len(want) < 50 {
		t.Fatalf("%d lines", len(want))
	}
	if diff := cmp.Diff(want, inventory(two)); diff != "" {
		t.Errorf("(-who counted +who did not):\n%s", diff)
	}
}

// After the clock was moved, the next scrape tells how things are by it.
func TestForget(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.put(t, cert{vault: "web", name: "a", lives: 10 * days})
	for _, want := range []string{`certificates{state="in_use",vault="web"} 1`, `certificates{state="expired",vault="web"} 1`} {
		if text := h.scrape(t); !strings.Contains(text, want) {
			t.Errorf("%s is not in\n%s", want, strings.Join(said(text, "certificates{"), "\n"))
		}
		h.clock.Advance(11 * days)
		h.Forget()
	}
}

func TestRequiredFields(t *testing.T) {
	t.Parallel()
	if _, err := New(Metrics{}); err == nil {
		t.Error("metrics of nothing")
	}
}

func dataKeysOf() []DataKey { return []DataKey{{"7", "primary", 12}, {"5", "earlier", 3}} }
