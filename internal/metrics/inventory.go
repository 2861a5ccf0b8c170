package metrics

import (
	"context"
	"errors"
	"time"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// How much is read at a time, and how much is told apart.
const (
	objectsPage    = 500    // list rows
	operationsPage = 50     // operations, with the objects they are about
	mostMessages   = 100000 // counted of a sink
	mostPlaces     = 500    // vaults, and issuers of vaults, with numbers of their own
	rests          = 4      // between pages nothing is read for so many times what one took
)

// others is the label of what is not told apart any more.
const others = "(others)"

// An inventory is what was counted, by the server's clock.
type inventory struct {
	at     time.Time // real
	now    time.Time // the server's
	spent  time.Duration
	vaults map[string]*counts
	orders map[place]*orderCounts
	queues map[string]*queue
	due    time.Time // of the job that is due first and that nobody works on; zero: none
}

// A place is an issuer of a vault.
type place struct{ vault, issuer string }

// counts are the certificates of a vault.
type counts struct {
	states  map[string]int
	days    buckets   // that certificates in use have left
	soonest time.Time // expiry of one in use that has not expired
}

// orderCounts are the operations of an issuer.
type orderCounts struct {
	states                      map[string]int
	ages                        buckets   // of those in progress, in seconds
	oldest                      time.Time // when the first of them began
	renewals, overdue, failures int
	soonest                     time.Time // expiry of a certificate whose renewal is due
}

// queue is what waits for a sink.
type queue struct {
	queued, dead int
	oldest       time.Time // of the queued ones; zero: none
}

// The states of certificates.
const (
	inUse    = "in_use"
	disabled = "disabled"
	expired  = "expired"
	pending  = "pending" // its first version was not completed yet
	deleted  = "deleted"
)

// The states of operations.
const (
	waits      = "waits"      // for its issuer
	asks       = "asks"       // for an operator's word
	retries    = "retries"    // its issuer could not be asked
	cancelling = "cancelling" // for its cancellation
	merges     = "merges"     // for a person to merge
	failed     = "failed"     // ended without a certificate
)

var (
	dayBounds = []float64{0, 1, 3, 7, 14, 30, 60, 90, 180, 365}
	ageBounds = []float64{60, 600, 3600, 21600, 86400, 259200, 604800, 2592000}
)

// buckets count values up to bounds.
type buckets struct {
	bounds []float64
	counts []int
	n      int
	sum    float64
}

func newBuckets(bounds []float64) buckets {
	return buckets{bounds: bounds, counts: make([]int, len(bounds))}
}

func (b *buckets) add(v float64) {
	b.n, b.sum = b.n+1, b.sum+v
	for i, bound := range b.bounds {
		if v <= bound {
			b.counts[i]++
		}
	}
}

// count reads the store page by page, each in a snapshot of its own, and rests
// between them.
func (m *Metrics) count(ctx context.Context) (*inventory, error) {
	c := &inventory{at: clock.Real{}.Now(), now: m.Clock.Now(), vaults: map[string]*counts{}, orders: map[place]*orderCounts{}, queues: map[string]*queue{}}
	walks := []func(context.Context, *inventory) (bool, error){m.certificates(), m.orders(vault.InProgress), m.orders(vault.Failed), m.messages, m.jobDue}
	for _, walk := range walks {
		for more := true; more; {
			began := clock.Real{}.Now()
			var err error
			if more, err = walk(ctx, c); err != nil {
				return c, err
			}
			took := clock.Real{}.Now().Sub(began)
			c.spent += took
			if more {
				rest(ctx, rests*took)
			}
		}
	}
	return c, nil
}

func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// messages counts what waits for each sink.
func (m *Metrics) messages(ctx context.Context, c *inventory) (more bool, err error) {
	return false, m.Store.View(ctx, func(r vault.Reader) error {
		for _, sink := range m.Sinks {
			q := &queue{}
			if q.queued, err = r.Count(sink, vault.Queued, mostMessages); err != nil {
				return err
			}
			if q.dead, err = r.Count(sink, vault.Dead, mostMessages); err != nil {
				return err
			}
			first, err := r.Outbox(sink, vault.Queued, 0, 1)
			if err != nil {
				return err
			}
			if len(first) == 1 {
				q.oldest = first[0].At
			}
			c.queues[sink] = q
		}
		return nil
	})
}

func (m *Metrics) jobDue(ctx context.Context, c *inventory) (more bool, err error) {
	err = m.Store.View(ctx, func(r vault.Reader) (err error) {
		c.due, err = r.NextDue(clock.Real{}.Now())
		return err
	})
	if errors.Is(err, vault.ErrNotFound) {
		err = nil
	}
	return false, err
}
