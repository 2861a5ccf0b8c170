package metrics

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// counters are what others move as things happen.
type counters struct {
	requests     *prometheus.CounterVec
	requestTime  *prometheus.HistogramVec
	answered     *answered
	jobs         *prometheus.CounterVec
	jobTime      *prometheus.HistogramVec
	jobLate      *prometheus.HistogramVec
	calls        *prometheus.CounterVec
	callTime     *prometheus.HistogramVec
	deliveries   *prometheus.CounterVec
	deliveryTime *prometheus.HistogramVec
	auditErrors  *prometheus.CounterVec
	refused      *prometheus.CounterVec
	fetches      *prometheus.CounterVec
	tokens       *prometheus.CounterVec
	fetched      *prometheus.GaugeVec
}

func newCounters() *counters {
	count := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "certwright_" + name, Help: help}, labels)
	}
	times := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "certwright_" + name, Help: help, Buckets: buckets}, labels)
	}
	quick := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}
	slow := []float64{.01, .05, .1, .5, 1, 5, 10, 30, 60, 300}
	late := []float64{.1, .5, 1, 5, 30, 60, 300, 1800, 3600, 86400}
	return &counters{
		answered:     &answered{seen: map[answer]numbers{}},
		requests:     count("requests_total", "Requests to vaults, by operation of the API and status.", "operation", "status"),
		requestTime:  times("request_duration_seconds", "Time that requests took.", quick, "operation"),
		jobs:         count("jobs_total", "Jobs that ran, by kind and whether they could be done.", "kind", "outcome"),
		jobTime:      times("job_duration_seconds", "Time that jobs took.", slow, "kind"),
		jobLate:      times("job_lateness_seconds", "How long after their due time jobs began, on the server's clock.", late, "kind"),
		calls:        count("issuer_calls_total", "Calls of issuers, by provider, what for, and what came of them.", "provider", "call", "outcome"),
		callTime:     times("issuer_call_duration_seconds", "Time that calls of issuers took.", slow, "provider", "call"),
		deliveries:   count("deliveries_total", "Tries to hand a mail or an event to its receiver, by what came of them.", "sink", "outcome"),
		auditErrors:  count("audit_errors_total", "Writes of the audit log that failed, by where it is written to.", "sink"),
		deliveryTime: times("delivery_duration_seconds", "Time that such tries took.", slow, "sink"),
		refused:      count("signin_refused_total", "Tokens that were refused, by what is wrong with them.", "reason"),
		tokens:       count("tokens_total", "Tokens that the token service was asked for, by how the client proved itself and what came of it.", "grant", "outcome"),
		fetches:      count("signin_key_fetches_total", "Fetches of the keys of sign-in issuers, by what came of them.", "issuer", "outcome"),
		fetched: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "certwright_signin_keys_timestamp_seconds",
			Help: "When the keys of a sign-in issuer were fetched last, in seconds since 1970."}, []string{"issuer"}),
	}
}

func (c *counters) all() []prometheus.Collector {
	return []prometheus.Collector{c.requests, c.requestTime, c.jobs, c.jobTime, c.jobLate, c.calls, c.callTime, c.deliveries, c.deliveryTime, c.auditErrors,
		c.refused, c.fetches, c.fetched, c.tokens}
}

// Request counts a request that was answered. operation is one of the API's; ""
// for a path that is none.
func (c *counters) Request(operation string, status int, took time.Duration) {
	if operation == "" {
		operation = "none"
	}
	at := c.answered.of(c, answer{operation, status})
	at.count.Inc()
	at.took.Observe(took.Seconds())
}

// answered keeps the two numbers that an answer moves, of which there are few
// and whose labels would be looked for at each request.
type answered struct {
	mu   sync.RWMutex
	seen map[answer]numbers
}

type answer struct {
	operation string
	status    int
}

type numbers struct {
	count prometheus.Counter
	took  prometheus.Observer
}

func (a *answered) of(c *counters, to answer) numbers {
	a.mu.RLock()
	n, ok := a.seen[to]
	a.mu.RUnlock()
	if ok {
		return n
	}
	n = numbers{c.requests.WithLabelValues(to.operation, strconv.Itoa(to.status)), c.requestTime.WithLabelValues(to.operation)}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen[to] = n
	return n
}

// Call counts a call of an issuer. The labels must be of bounded number: not
// what a user typed.
func (c *counters) Call(provider, call, outcome string, took time.Duration) {
	c.calls.WithLabelValues(provider, call, outcome).Inc()
	c.callTime.WithLabelValues(provider, call).Observe(took.Seconds())
}

// Delivery counts a try to deliver a message.
func (c *counters) Delivery(sink, outcome string, took time.Duration) {
	c.deliveries.WithLabelValues(sink, outcome).Inc()
	c.deliveryTime.WithLabelValues(sink).Observe(took.Seconds())
}

// AuditFailed counts a write of the audit log that failed.
func (c *counters) AuditFailed(sink string) { c.auditErrors.WithLabelValues(sink).Inc() }

// TokenAsked counts a request to the token service.
func (c *counters) TokenAsked(grant string, given bool) {
	outcome := "refused"
	if given {
		outcome = "given"
	}
	c.tokens.WithLabelValues(grant, outcome).Inc()
}

// TokenRefused counts a token that was refused for a reason.
func (c *counters) TokenRefused(reason string) { c.refused.WithLabelValues(reason).Inc() }

// KeysFetched counts a fetch of the keys of a sign-in issuer.
func (c *counters) KeysFetched(issuer string, ok bool) {
	outcome := "missed"
	if ok {
		outcome = "done"
		c.fetched.WithLabelValues(issuer).Set(float64(clock.Real{}.Now().Unix()))
	}
	c.fetches.WithLabelValues(issuer, outcome).Inc()
}

// Job runs a job and counts it.
func (m *Metrics) Job(run func(context.Context, vault.Lease) error) func(context.Context, vault.Lease) error {
	return func(ctx context.Context, l vault.Lease) error {
		kind, began := string(l.Kind), clock.Real{}.Now()
		m.jobLate.WithLabelValues(kind).Observe(max(0, m.Clock.Now().Sub(l.Due)).Seconds())
		err := run(ctx, l)
		outcome := "done"
		if err != nil {
			outcome = "error"
		}
		m.jobs.WithLabelValues(kind, outcome).Inc()
		m.jobTime.WithLabelValues(kind).Observe(clock.Real{}.Now().Sub(began).Seconds())
		return err
	}
}
