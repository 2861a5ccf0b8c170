// Package fleet has several servers in one process share a PostgreSQL database
// and a clock that is moved for all of them at once, so that months of a cluster
// go by in minutes: the whole server each, with its listeners and its worker. A
// server can be killed: its connections to the database end without a goodbye,
// and what it held stays held until its leases end. Begin with Fleet.Start.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"certwright/conformance/process"
	"certwright/internal/clock"
	"certwright/internal/config"
	"certwright/internal/files"
	"certwright/internal/seal"
	"certwright/internal/server"
	"certwright/internal/vault"
)

// A Fleet is the servers of one database.
type Fleet struct {
	Config config.Config // of all; each has a folder of its own
	Folder string        // where those are
	Store  string        // URL of the database; "" for one server alone
	Lease  time.Duration // how long a job is held before it is prolonged; 0: as in production
	Aging  bool          // messages are removed when they are old by the clock
	Stride time.Duration // by how much Reach moves the clock at least, so that what falls due together is done together
	Log    *slog.Logger
	Clock  clock.Shifted // real time until somebody moves it

	mu      sync.Mutex
	servers []*Member // those that live
	started int
	keyset  string
	dying   sync.WaitGroup
	unwell  []error // of those that were killed
}

// A Member is a server of a fleet.
type Member struct {
	*server.Server
	process.Caller
	Name string // of its folder

	relay *relay        // nil where it reaches the database directly
	dead  chan struct{} // closed when it was killed
}

// Start starts another server. One that may be killed reaches the database
// through a relay.
func (f *Fleet) Start(ctx context.Context, mayDie bool) (*Member, error) {
	f.mu.Lock()
	f.started++
	m := &Member{Name: "server" + strconv.Itoa(f.started), dead: make(chan struct{})}
	c := f.Config
	c.Data, c.Listen, c.HTTP = filepath.Join(f.Folder, m.Name), "127.0.0.1:0", "127.0.0.1:0"
	err := f.shareKeys(c.Data)
	f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	store := f.Store
	if mayDie {
		if m.relay, store, err = relayed(store); err != nil {
			return nil, err
		}
	}
	m.Server, err = server.Start(ctx, c, server.Options{Log: f.Log, Trial: &server.Trial{Store: store, Clock: &f.Clock, Lease: f.Lease, Aging: f.Aging}})
	if err != nil {
		return nil, err
	}
	if m.Caller, err = process.Call(m.Ready.IPURL, m.Ready.HTTPURL, m.Ready.CAFile); err != nil {
		return nil, errors.Join(err, m.Stop())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.servers = append(f.servers, m)
	return m, nil
}

// shareKeys gives a new folder the keyset that the first server made.
func (f *Fleet) shareKeys(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if f.keyset == "" {
		f.keyset = filepath.Join(folder, seal.File)
		return nil
	}
	text, err := os.ReadFile(f.keyset)
	if err != nil {
		return err
	}
	return files.Replace(filepath.Join(folder, seal.File), text, 0o600)
}

// Alive are the servers that live.
func (f *Fleet) Alive() []*Member {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]*Member(nil), f.servers...)
}

// Kill kills a server that may die: whatever it does, nothing of it reaches the
// database from now on.
func (f *Fleet) Kill(m *Member) {
	f.mu.Lock()
	for i, s := range f.servers {
		if s == m {
			f.servers = append(f.servers[:i:i], f.servers[i+1:]...)
		}
	}
	f.mu.Unlock()
	m.relay.cut()
	close(m.dead)
	f.dying.Go(func() { _ = m.Stop() }) // who was killed says nothing
}

// Stop stops all.
func (f *Fleet) Stop() (err error) {
	all := f.Alive()
	f.mu.Lock()
	f.servers = nil
	f.mu.Unlock()
	for _, m := range all {
		err = errors.Join(err, m.Stop())
	}
	f.dying.Wait()
	return err
}

// Settle has all servers do what is due, side by side, until nothing is: what a
// dead one held, once its leases have ended. It returns how many jobs began.
func (f *Fleet) Settle(ctx context.Context) (int, error) {
	all := 0
	for {
		due, err := f.nextDue(ctx)
		if errors.Is(err, vault.ErrNotFound) || err == nil && due.After(f.Clock.Now()) {
			return all, nil
		}
		n := 0
		if err == nil {
			n, err = f.round(ctx)
		}
		if all += n; err != nil {
			return all, err
		}
		if n > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return all, ctx.Err()
		case <-time.After(heldWait): // somebody holds it
		}
	}
}

const heldWait = 20 * time.Millisecond

// round has every server look once; who is killed meanwhile is no error.
func (f *Fleet) round(ctx context.Context) (int, error) {
	servers := f.Alive()
	if len(servers) == 0 {
		return 0, errors.New("no server lives")
	}
	counts, errs := make([]int, len(servers)), make([]error, len(servers))
	var running sync.WaitGroup
	for i, m := range servers {
		running.Go(func() {
			counts[i], errs[i] = m.runDue(ctx)
		})
	}
	running.Wait()
	all := 0
	for i, n := range counts {
		if all += n; errs[i] != nil {
			return all, fmt.Errorf("%s: %w", servers[i].Name, errs[i])
		}
	}
	return all, nil
}

// runDue is RunDue of a server for which nobody waits once it is dead.
func (m *Member) runDue(ctx context.Context) (int, error) {
	var n int
	var err error
	ran := make(chan struct{})
	go func() {
		defer close(ran)
		n, err = m.RunDue(ctx)
	}()
	select {
	case <-m.dead:
	case <-ran:
		if err == nil || !m.isDead() {
			return n, err
		}
	}
	return 1, nil // the others look again
}

func (m *Member) isDead() bool {
	select {
	case <-m.dead:
		return true
	default:
		return false
	}
}

// nextDue is when the next job is due, be it held or not.
func (f *Fleet) nextDue(ctx context.Context) (time.Time, error) {
	for {
		servers := f.Alive()
		if len(servers) == 0 {
			return time.Time{}, errors.New("no server lives")
		}
		due, err := servers[0].NextDue(ctx)
		if err == nil || errors.Is(err, vault.ErrNotFound) || !servers[0].isDead() {
			return due, err
		}
	}
}

// Reach moves the clock to a time, from due job to due job or by strides; what is
// due is done before the clock goes on.
func (f *Fleet) Reach(ctx context.Context, to time.Time) error {
	for {
		if _, err := f.Settle(ctx); err != nil {
			return err
		}
		now := f.Clock.Now()
		if !now.Before(to) {
			return nil
		}
		due, err := f.nextDue(ctx)
		if err != nil && !errors.Is(err, vault.ErrNotFound) {
			return err
		}
		if next := now.Add(f.Stride); due.Before(next) {
			due = next
		}
		if err != nil || due.After(to) {
			due = to
		}
		f.Clock.Advance(due.Sub(now))
	}
}
