// Package metrics is what a Prometheus server reads of this one: counters that
// others move as things happen, and a count of what lies in the store, made in
// the background and at most once a minute. It changes nothing, and no label
// holds a secret or the name of an object. Begin with Metrics; docs/metrics.md
// has every name.
package metrics

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"certwright/internal/clock"
	"certwright/internal/keys"
	"certwright/internal/vault"
)

// Metrics answers GET /metrics. Every field but Every, Sinks and Rows is required.
type Metrics struct {
	Store    vault.Store
	Clock    vault.Clock
	Offset   func() time.Duration                // of Clock from real time
	Longest  func() time.Duration                // that one transaction held the store's writer
	Failures func() map[vault.StorageFault]int64 // calls of the store that failed for its disk's sake
	Writable func() bool                         // the store can be written
	Altered  func() int64                        // rows that the store refused since something else wrote them
	Settings func(vaultName string) vault.Settings
	Sinks    []string      // receivers of messages
	Every    time.Duration // between counts, at least; 0: a minute
	Version  string        // of the program
	Keys     func() []keys.Stock
	DataKeys func() []DataKey
	Log      *slog.Logger
	Rows     vault.Accounts // of servers that share the store, of which one counts for all; nil: there are no others

	*counters
	*survey
	handler http.Handler
}

// survey is the count of the store: the last one, and when the next may be.
type survey struct {
	want chan struct{} // somebody wants to know

	mu    sync.Mutex
	last  *inventory    // nil: none yet
	first chan struct{} // closed once there is a count
	next  time.Time
	epoch int // counts begun in another one are of no use
}

const (
	usualEvery = time.Minute
	firstTime  = 2 * time.Second // that the first scrape waits for the first count
	share      = 100             // a count may take this part of the time
)

// New returns metrics that are ready to be moved and asked; Run does the counting.
func New(m Metrics) (*Metrics, error) {
	if m.Store == nil || m.Clock == nil || m.Offset == nil || m.Longest == nil || m.Failures == nil || m.Writable == nil || m.Altered == nil || m.Settings == nil || m.Keys == nil || m.DataKeys == nil || m.Log == nil {
		return nil, errors.New("metrics: Store, Clock, Offset, Longest, Failures, Writable, Altered, Settings, Keys, DataKeys and Log are required")
	}
	if m.Every == 0 {
		m.Every = usualEvery
	}
	m.counters = newCounters()
	m.survey = &survey{want: make(chan struct{}, 1), first: make(chan struct{})}
	all := prometheus.NewRegistry()
	var errs []error
	for _, c := range append(m.counters.all(), &m, m.build(), m.offset(), m.writer(), pool{m.Keys}, dataKeys{m.DataKeys}, disk{m.Failures, m.Writable, m.Altered},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})) {
		errs = append(errs, all.Register(c))
	}
	m.handler = promhttp.HandlerFor(all, promhttp.HandlerOpts{MaxRequestsInFlight: 4, ErrorLog: slog.NewLogLogger(m.Log.Handler(), slog.LevelWarn)})
	return &m, errors.Join(errs...)
}

func (m *Metrics) build() prometheus.Collector {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "certwright_build_info", Help: "Always 1; the labels say which program this is.",
		ConstLabels: prometheus.Labels{"version": m.Version, "go": runtime.Version()}})
	g.Set(1)
	return g
}

func (m *Metrics) offset() prometheus.Collector {
	offset := m.Offset
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "certwright_clock_offset_seconds", Help: "How far the server's clock is ahead of real time; 0 unless somebody moved it."},
		func() float64 { return offset().Seconds() })
}

func (m *Metrics) writer() prometheus.Collector {
	longest := m.Longest
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "certwright_store_writer_longest_seconds", Help: "The longest that one transaction held the store's writer since the start."},
		func() float64 { return longest().Seconds() })
}

// ServeHTTP answers a scrape with what is known; a count that is due is made
// meanwhile, for the next one.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.freshen(r.Context())
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	m.handler.ServeHTTP(w, r)
}

// freshen asks for a count if it is time for one, and waits a moment for the first.
func (m *Metrics) freshen(ctx context.Context) {
	m.mu.Lock()
	due, none, first := !clock.Real{}.Now().Before(m.next), m.last == nil, m.first
	m.mu.Unlock()
	if due {
		m.ask()
	}
	if !none {
		return
	}
	patience := time.NewTimer(firstTime)
	defer patience.Stop()
	select {
	case <-first:
	case <-patience.C:
	case <-ctx.Done():
	}
}

func (m *Metrics) ask() {
	select {
	case m.want <- struct{}{}:
	default:
	}
}

// Forget drops the last count, since the clock was moved or the store emptied:
// the next scrape waits for a new one, as the first does.
func (m *Metrics) Forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last != nil {
		m.first = make(chan struct{})
	}
	m.last, m.next, m.epoch = nil, time.Time{}, m.epoch+1
}

// Run counts when it is asked to, until ctx ends.
func (m *Metrics) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.want:
		}
		m.mu.Lock()
		due := !clock.Real{}.Now().Before(m.next)
		m.mu.Unlock()
		if due {
			m.renew(ctx)
		}
	}
}

// renew makes a count. One that took long is made less often.
func (m *Metrics) renew(ctx context.Context) {
	m.mu.Lock()
	epoch := m.epoch
	m.mu.Unlock()
	t, mine := m.turn(ctx)
	if !mine {
		return
	}
	c, err := m.count(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		m.Log.Warn("metrics could not be counted", "error", err)
	}
	rests := max(m.Every, share*c.spent)
	next := clock.Real{}.Now().Add(rests)
	if err == nil {
		t.row.Next, t.row.Count = m.shared().Add(rests), stored(c)
		t.row.Count.At = c.at.Add(vault.Ahead(m.Rows))
	}
	m.tell(ctx, t)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.epoch != epoch {
		m.ask()
		return
	}
	m.next = next
	if err != nil {
		return
	}
	if m.last == nil {
		close(m.first)
	}
	m.last = c
}
