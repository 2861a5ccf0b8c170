package year_test

import (
	"database/sql"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"certwright/conformance/fleet"
	"certwright/conformance/process"
	"certwright/internal/config"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// several are servers that share a database, behind a balancer that takes any.
type several struct {
	t      *testing.T
	fleet  *fleet.Fleet
	store  string
	hook   *hook
	log    process.Transcript
	killed int
	usual  time.Duration // what moving the clock took last time

	places []*fleet.Member // who runs at each now
	jobs   []float64       // that were done at each, by those who died
}

// heldFor is how long what a killed server held stays held.
const heldFor = 2 * time.Second

func newSeveral(t *testing.T, many int) *several {
	t.Helper()
	s := &several{t: t, store: sqltest.NewSchema(t, sqltest.Postgres(t)[0]).URL, places: make([]*fleet.Member, many), jobs: make([]float64, many)}
	s.hook = newHook(t)
	c, err := config.Parse([]byte(configuration+"events:\n  - {url: '"+s.hook.url+"', skip_handshake: true}\n"), t.TempDir())
	must.Do(t, err)
	s.fleet = &fleet.Fleet{Config: c, Folder: t.TempDir(), Store: s.store, Lease: heldFor, Stride: time.Minute, Log: slog.New(slog.NewTextHandler(&s.log, nil))}
	t.Cleanup(s.die)
	for i := range s.places {
		s.start(i)
	}
	return s
}

func (s *several) start(place int) {
	s.t.Helper()
	m, err := s.fleet.Start(s.t.Context(), true)
	must.Do(s.t, err)
	s.places[place] = m
}

// send implements servers. Who waits for an answer while nothing is killed gets one.
func (s *several) send(method, path string, body any) process.Reply {
	s.t.Helper()
	r, err := s.places[rand.IntN(len(s.places))].Send(s.t.Context(), method, path, body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

// reach implements servers.
func (s *several) reach(to time.Time, kill bool, random *rand.Rand) {
	s.t.Helper()
	began := time.Now()
	var dying sync.WaitGroup
	place := random.IntN(len(s.places))
	if kill {
		s.jobs[place] += s.done(s.places[place])
		wait := time.Duration(random.Int64N(int64(max(s.usual, 20*time.Millisecond))))
		dying.Go(func() {
			<-time.After(wait)
			s.fleet.Kill(s.places[place])
		})
	}
	if err := s.fleet.Reach(s.t.Context(), to); err != nil {
		s.t.Fatal(err)
	}
	dying.Wait()
	if kill {
		s.killed++
		s.start(place)
		return
	}
	s.usual = time.Since(began)
}

// done is how many jobs a server did that renew.
func (s *several) done(m *fleet.Member) float64 {
	s.t.Helper()
	jobs, err := m.Jobs(s.t.Context())
	must.Do(s.t, err)
	return jobs["life"].Count + jobs["issue"].Count
}

// wantShares wants each place to have done its part of the work.
func (s *several) wantShares() {
	s.t.Helper()
	s.t.Logf("jobs done at each place: %.0f", s.jobs)
	all := 0.0
	for _, n := range s.jobs {
		all += n
	}
	for i, n := range s.jobs {
		if n < all/10 {
			s.t.Errorf("place %d did %.0f of %.0f jobs", i, n, all)
		}
	}
}

// wantEachSent wants the receiver to have got every event, each once, but for
// what was on its way when a server was killed.
func (s *several) wantEachSent() {
	s.t.Helper()
	db, err := sql.Open("pgx", s.store)
	must.Do(s.t, err)
	defer db.Close()
	rows, err := db.QueryContext(s.t.Context(), "SELECT id FROM outbox WHERE sink = '' AND topic <> $1", vault.TopicMail)
	must.Do(s.t, err)
	defer rows.Close()
	told, twice := 0, 0
	for rows.Next() {
		var id string
		must.Do(s.t, rows.Scan(&id))
		switch n := s.hook.got(id); {
		case n == 0:
			s.t.Errorf("event %s never came to its receiver", id)
		case n > 1:
			twice += n - 1
		}
		told++
	}
	must.Do(s.t, rows.Err())
	s.t.Logf("%d events were sent, %d of them twice", told, twice)
	if all := s.hook.all(); all != told+twice || twice > s.killed {
		s.t.Errorf("%d events came, of %d; %d twice, %d servers were killed", all, told, twice, s.killed)
	}
}

// die implements servers.
func (s *several) die() {
	for i, m := range s.places {
		if m != nil {
			s.jobs[i] += s.done(m)
			s.places[i] = nil
		}
	}
	if err := s.fleet.Stop(); err != nil {
		s.t.Error(err)
	}
}

func (s *several) deaths() int { return s.killed }

func (s *several) database() (driver, source string) { return "pgx", s.store }

func (s *several) said() string { return endOf(s.log.String()) }
