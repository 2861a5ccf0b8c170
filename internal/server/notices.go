package server

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"certwright/internal/account"
	"certwright/internal/api"
	"certwright/internal/notify"
	"certwright/internal/vault"
	"certwright/internal/worker"
)

// Notices carry what happened outside: to the receivers that the configuration
// names, and to programs that listen.
type notices struct {
	*notify.Delivery
	stream *notify.Stream

	rows  vault.Accounts // that servers share; nil: there are no others
	mu    sync.Mutex
	swept time.Time // on the server's clock
}

// openNotices opens the receivers. It reads the files that they name and calls nobody.
func (s *Server) openNotices() (err error) {
	n := &notices{rows: s.sharedRows()}
	sinks, err := s.config.Notices.Open(notify.Means{Store: s.store, Clock: s.clock, VaultURL: s.vaultURL, Origin: s.origin(), Rows: s.sharedRows()})
	if err != nil {
		return err
	}
	if err := s.openMetrics(sinks); err != nil {
		return err
	}
	for name, sink := range sinks {
		sinks[name] = watched{sink, name, s.metrics.Delivery}
	}
	if n.Delivery, err = notify.New(notify.Delivery{
		Store: s.store, Clock: s.clock, RowClock: s.rowClock(), Sinks: sinks, Log: s.log, Poke: func() { s.worker.Poke() },
	}); err != nil {
		return err
	}
	n.stream, err = notify.NewStream(notify.Stream{Store: s.store, VaultURL: s.vaultURL, Log: s.log})
	s.notices = n
	return err
}

// vaultURL is the address of a vault, as events tell it.
func (s *auditing) vaultURL(name string) string { return s.Ready.VaultURLOf(name) }

// origin is what the server calls itself to receivers that are asked first: the
// first of its names; "" where it has none.
func (s *storage) origin() string {
	for _, host := range s.config.Hosts {
		if !strings.HasPrefix(host, "*") {
			return host
		}
	}
	return ""
}

// observed has the stream look for events that a request may have made, and the
// worker for the jobs that deliver them.
func (n *notices) observed(o api.Observation) {
	if o.Method == http.MethodGet || o.Status >= http.StatusMultipleChoices {
		return
	}
	n.stream.Poke()
	if len(n.Sinks) > 0 {
		n.Poke()
	}
}

// after runs a job, then has the stream look for the events that it may have made.
func (n *notices) after(run worker.Handler) worker.Handler {
	return func(ctx context.Context, l vault.Lease) error {
		defer n.stream.Poke()
		return run(ctx, l)
	}
}

// sweepWith adds to the daily look at every object a look at what waits for
// receivers, and at what is old.
func (n *notices) sweepWith(run worker.Handler) worker.Handler {
	return func(ctx context.Context, l vault.Lease) error {
		if err := run(ctx, l); err != nil || !n.dayPassed(ctx) {
			return err
		}
		if err := n.Sweep(ctx); err != nil {
			n.Log.Error("what waits for receivers could not be looked through", "error", err) // tomorrow again
		}
		return nil
	}
}

// sweepGap is how far two sweeps are apart at least.
const sweepGap = 12 * time.Hour

// dayPassed reports whether it is time to sweep, and no other server did; the daily
// look comes in pages.
func (n *notices) dayPassed(ctx context.Context) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.Clock.Now()
	if now.Sub(n.swept).Abs() < sweepGap {
		return false
	}
	if n.rows != nil {
		if mine, err := account.Turn(ctx, n.rows, "turns/notices", now, sweepGap); err != nil || !mine {
			return false
		}
	}
	n.swept = now
	return true
}

// begin sweeps once, beside what the server does.
func (n *notices) begin(ctx context.Context) {
	n.dayPassed(ctx)
	if err := n.Sweep(ctx); err != nil && ctx.Err() == nil {
		n.Log.Error("what waits for receivers could not be looked through", "error", err)
	}
}
