package quarter_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/conformance/fleet"
	"certwright/conformance/process"
	"certwright/internal/config"
	"certwright/internal/store/sqlstore/sqltest"
)

// A quarter is the servers, their certificates and what was measured of them.
type quarter struct {
	t     *testing.T
	fleet *fleet.Fleet
	many  int
	lived int // tenths of the quarter
	rows  rows
	log   *warnings
}

// TestQuarter has every certificate renew once, and wants it to cost the last as
// much as the first.
func TestQuarter(t *testing.T) {
	many, servers := process.Number(t, "QUARTER_CERTIFICATES", 300, 1), process.Number(t, "QUARTER_SERVERS", 2, 1)
	q := &quarter{t: t, many: many, lived: min(process.Number(t, "QUARTER_TENTHS", 10, 1), 10), log: &warnings{}}
	q.open(servers)
	began := time.Now()
	s := q.ask(q.fleet.Alive()[0])
	q.fill(s)
	t.Logf("%d certificates were put in %v, %.0f/s; %s", many, time.Since(began).Round(time.Second), float64(many)/time.Since(began).Seconds(), q.rows.size(t))
	q.rows.tidy(t)
	q.live(s)
	q.judge(s)
}

// open starts the servers.
func (q *quarter) open(servers int) {
	q.t.Helper()
	f := &fleet.Fleet{Folder: q.t.TempDir(), Aging: true, Log: slog.New(slog.NewTextHandler(q.log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Config: config.Config{Vaults: []config.Vault{{Name: "default"}}}}
	switch store := os.Getenv("QUARTER_STORE"); store {
	case "sqlite":
		servers = 1
	case "":
		f.Store = sqltest.NewSchema(q.t, sqltest.Postgres(q.t)[0]).URL
	default:
		f.Store = store
	}
	q.fleet = f
	q.t.Cleanup(func() {
		if err := f.Stop(); err != nil {
			q.t.Error(err)
		}
	})
	for range servers {
		if _, err := f.Start(q.t.Context(), false); err != nil {
			q.t.Fatal(err)
		}
	}
	q.rows = openRows(q.t, f.Store, f.Alive()[0].Ready.Data)
	q.t.Logf("%d servers on %s", servers, q.rows.engine(q.t))
}

// live moves the clock through the quarter, by steps in which some hundred
// renewals fall due, and measures each tenth of them.
func (q *quarter) live(s *stock) {
	q.t.Helper()
	step := min(length*200/time.Duration(q.many), 6*time.Hour)
	m := q.meter()
	for tenth := 1; tenth <= q.lived; tenth++ {
		for to := s.end(tenth); q.fleet.Clock.Now().Before(to); {
			q.fleet.Clock.Advance(min(step, to.Sub(q.fleet.Clock.Now())))
			if _, err := q.fleet.Settle(q.t.Context()); err != nil {
				q.t.Fatal(err)
			}
		}
		m.tenth()
	}
	if err := q.fleet.Reach(q.t.Context(), s.end(q.lived).Add(orderTime)); err != nil {
		q.t.Fatal(err)
	}
	m.whole()
}

// orderTime is more than an order takes, and less than lies between the last
// renewal of the quarter and its end.
const orderTime = 10 * time.Second

// judge wants every certificate that was due to have been renewed once, and
// nothing to have been put right or to have failed.
func (q *quarter) judge(s *stock) {
	q.t.Helper()
	due := 0
	for i := range q.many {
		if s.due(i).Before(s.end(q.lived)) {
			due++
		}
	}
	versions, once := q.rows.renewed(q.t)
	if more := once - due; versions != q.many+1+once || more < 0 || more > 10 && q.lived < 10 || more > 0 && q.lived == 10 {
		q.t.Errorf("%d versions of %d certificates and the pattern, %d of which were renewed once; %d were due", versions, q.many, once, due)
	}
	if said := q.log.String(); said != "" {
		q.t.Errorf("the servers said:\n%s", said[:min(len(said), 4000)])
	}
}

func (q *quarter) want(m *fleet.Member, status int, method, path string, body any) process.Reply {
	q.t.Helper()
	r, err := m.Send(q.t.Context(), method, path, body)
	if err != nil || r.Status != status {
		q.t.Fatalf("%s %s: %d %v %v, want %d", method, path, r.Status, r.Body, err, status)
	}
	return r
}

// warnings are what the servers say.
type warnings struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (w *warnings) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "is played by the scripted issuer") {
		return len(p), nil
	}
	fmt.Fprint(os.Stderr, string(p))
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

// String is all of it.
func (w *warnings) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}
