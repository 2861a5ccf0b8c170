package metrics

import (
	"context"
	"errors"
	"strings"
	"time"

	"certwright/internal/renewal"
	"certwright/internal/vault"
)

// orders walks the certificates whose operation has a status.
func (m *Metrics) orders(status vault.Status) func(context.Context, *inventory) (bool, error) {
	var after vault.Ref
	return func(ctx context.Context, c *inventory) (more bool, err error) {
		err = m.Store.View(ctx, func(r vault.Reader) error {
			page, err := r.Orders(status, "", after, operationsPage)
			if err != nil || len(page) == 0 {
				return err
			}
			for _, o := range page {
				op := o.Operation
				w := c.ordersAt(place{op.Vault, strings.ToLower(op.IssuerName)})
				w.states[stateOfOrder(*op)]++
				if o.InProgress() {
					w.ages.add(c.now.Sub(op.Created).Seconds())
					w.oldest = sooner(w.oldest, op.Created)
				}
				if err := m.renewal(r, o, w, c.now); err != nil {
					return err
				}
			}
			after, more = page[len(page)-1].Ref, len(page) == operationsPage
			return nil
		})
		return more, err
	}
}

func stateOfOrder(op vault.Operation) string {
	switch {
	case op.Status == vault.Failed:
		return failed
	case op.CancelRequested:
		return cancelling
	case op.WantsApproval:
		return asks
	case op.Attempt > 0:
		return retries
	case op.Manual():
		return merges
	}
	return waits
}

// renewal counts an operation that the vault began by itself, if the
// certificate it is for still asks for one.
func (m *Metrics) renewal(r vault.Reader, o vault.Object, w *orderCounts, now time.Time) error {
	if !o.Operation.Renewal || o.Latest == "" || o.Pending() {
		return nil
	}
	v, err := r.Version(o.Ref, o.Latest)
	if err == nil {
		m.overdue(o, v, w, now)
	}
	if errors.Is(err, vault.ErrNotFound) || errors.Is(err, vault.ErrAltered) { // of the latter the store tells itself
		return nil
	}
	return err
}

// overdue counts a renewal, and how it stands: it is overdue a tenth of the lifetime
// after its trigger, or a day.
func (m *Metrics) overdue(o vault.Object, v vault.Version, w *orderCounts, now time.Time) {
	op := o.Operation
	o.Operation, o.Schedule = nil, vault.Schedule{} // as if nothing had been done about it
	for _, d := range renewal.Milestones(o, v, m.Settings(o.Vault)) {
		if d.What != vault.AutoRenew {
			continue
		}
		a := v.Attributes
		w.renewals++
		w.soonest = sooner(w.soonest, a.Expires)
		if op.Status == vault.Failed {
			w.failures++
		}
		if now.Sub(d.Due) > min(a.Expires.Sub(a.NotBefore)/10, 24*time.Hour) {
			w.overdue++
		}
	}
}

func (c *inventory) ordersAt(p place) *orderCounts {
	if c.orders[p] == nil {
		if len(c.orders) >= mostPlaces {
			p = place{others, others}
		}
		if c.orders[p] == nil {
			c.orders[p] = &orderCounts{states: map[string]int{}, ages: newBuckets(ageBounds)}
		}
	}
	return c.orders[p]
}
