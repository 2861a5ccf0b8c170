package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"certwright/internal/clock"
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("certwright_"+name, help, labels, nil)
}

// gauges are what a count says. They are made anew at each scrape.
type gauges struct {
	certificates, days, soonest                        *prometheus.Desc
	operations, ages, oldest                           *prometheus.Desc
	renewals, overdueRenewals, failures, renewalExpiry *prometheus.Desc
	messages, oldestMessage, overdue, age, counted     *prometheus.Desc
}

func newGauges() gauges {
	return gauges{
		certificates:    describe("certificates", "Certificates by state.", "vault", "state"),
		days:            describe("certificate_days_left", "Days until their expiry that enabled certificates have left; le=\"0\" has expired.", "vault"),
		soonest:         describe("certificate_soonest_expiry_seconds", "Until the next expiry of a certificate in use.", "vault"),
		operations:      describe("operations", "Pending objects in progress, by what they wait for, and those that failed.", "vault", "issuer", "status"),
		ages:            describe("operation_age_seconds", "Since when operations are in progress.", "vault", "issuer"),
		oldest:          describe("operation_oldest_seconds", "Since when the oldest operation in progress is; 0 if none is.", "vault", "issuer"),
		renewals:        describe("renewals_due", "Certificates whose renewal is due and not done, whether it is under way or has failed.", "vault", "issuer"),
		overdueRenewals: describe("renewals_overdue", "Of these, those that are due for a tenth of the lifetime, or a day.", "vault", "issuer"),
		failures:        describe("renewals_failed", "Those whose last try failed; they are tried again.", "vault", "issuer"),
		renewalExpiry:   describe("renewal_soonest_expiry_seconds", "Until the next expiry of a certificate whose renewal is due; negative if it has expired.", "vault", "issuer"),
		messages:        describe("messages", "Mails and events that wait for their receiver (queued) or failed permanently (dead).", "sink", "state"),
		oldestMessage:   describe("message_oldest_seconds", "Age of the oldest one that waits; 0 if none does.", "sink"),
		overdue:         describe("job_overdue_seconds", "Since when the job that nobody works on and that is due first has been due; 0 if none is."),
		age:             describe("count_age_seconds", "Since when the numbers of certificates, operations, renewals, messages and overdue jobs stand."),
		counted:         describe("count_duration_seconds", "Time that counting them took, without rests."),
	}
}

func (g gauges) all() []*prometheus.Desc {
	return []*prometheus.Desc{g.certificates, g.days, g.soonest, g.operations, g.ages, g.oldest, g.renewals, g.overdueRenewals, g.failures, g.renewalExpiry,
		g.messages, g.oldestMessage, g.overdue, g.age, g.counted}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range newGauges().all() {
		to <- d
	}
}

// Collect implements prometheus.Collector: it tells the last count.
func (m *Metrics) Collect(to chan<- prometheus.Metric) {
	m.mu.Lock()
	c := m.last
	m.mu.Unlock()
	if c == nil {
		return
	}
	now := m.Clock.Now()
	p := scrape{newGauges(), to, now}
	for name, s := range c.vaults {
		p.vault(name, s)
	}
	for at, w := range c.orders {
		p.issuer(at, w)
	}
	for sink, q := range c.queues {
		p.gauge(p.messages, float64(q.queued), sink, "queued")
		p.gauge(p.messages, float64(q.dead), sink, "dead")
		p.gauge(p.oldestMessage, p.since(q.oldest), sink)
	}
	p.gauge(p.overdue, p.since(c.due))
	p.gauge(p.age, clock.Real{}.Now().Sub(c.at).Seconds())
	p.gauge(p.counted, c.spent.Seconds())
}

// A scrape writes what was counted.
type scrape struct {
	gauges
	to  chan<- prometheus.Metric
	now time.Time // the server's
}

func (p scrape) gauge(d *prometheus.Desc, v float64, labels ...string) {
	metric, err := prometheus.NewConstMetric(d, prometheus.GaugeValue, v, labels...)
	p.put(d, metric, err)
}

func (p scrape) buckets(d *prometheus.Desc, b buckets, labels ...string) {
	counts := map[float64]uint64{}
	for i, bound := range b.bounds {
		counts[bound] = uint64(b.counts[i])
	}
	metric, err := prometheus.NewConstHistogram(d, uint64(b.n), b.sum, counts, labels...)
	p.put(d, metric, err)
}

func (p scrape) put(d *prometheus.Desc, metric prometheus.Metric, err error) {
	if err != nil {
		metric = prometheus.NewInvalidMetric(d, err)
	}
	p.to <- metric
}

// since is how long ago a time was, in seconds; 0 if it is none or to come.
func (p scrape) since(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return max(0, p.now.Sub(t).Seconds())
}

func (p scrape) vault(vaultName string, s *counts) {
	for state, n := range s.states {
		p.gauge(p.certificates, float64(n), vaultName, state)
	}
	p.buckets(p.days, s.days, vaultName)
	if !s.soonest.IsZero() {
		p.gauge(p.soonest, s.soonest.Sub(p.now).Seconds(), vaultName)
	}
}

func (p scrape) issuer(at place, w *orderCounts) {
	for state, n := range w.states {
		p.gauge(p.operations, float64(n), at.vault, at.issuer, state)
	}
	p.buckets(p.ages, w.ages, at.vault, at.issuer)
	p.gauge(p.oldest, p.since(w.oldest), at.vault, at.issuer)
	p.gauge(p.renewals, float64(w.renewals), at.vault, at.issuer)
	p.gauge(p.overdueRenewals, float64(w.overdue), at.vault, at.issuer)
	p.gauge(p.failures, float64(w.failures), at.vault, at.issuer)
	if !w.soonest.IsZero() {
		p.gauge(p.renewalExpiry, w.soonest.Sub(p.now).Seconds(), at.vault, at.issuer)
	}
}
