package metrics

import (
	"context"
	"errors"
	"strings"
	"time"

	"certwright/internal/renewal"
	"certwright/internal/vault"
)

// underway walks the operations in progress.
func (m *Metrics) underway() func(context.Context, *inventory) (bool, error) {
	var after vault.Ref
	return func(ctx context.Context, c *inventory) (bool, error) {
		return m.operations(ctx, c, &after, func(r vault.Reader) ([]vault.Operation, error) { return r.Underway("", after, operationsPage) })
	}
}

// stopped walks the operations that failed.
func (m *Metrics) stopped() func(context.Context, *inventory) (bool, error) {
	var after vault.Ref
	return func(ctx context.Context, c *inventory) (bool, error) {
		return m.operations(ctx, c, &after, func(r vault.Reader) ([]vault.Operation, error) { return r.Failed(after, operationsPage) })
	}
}

func (m *Metrics) operations(ctx context.Context, c *inventory, after *vault.Ref, read func(vault.Reader) ([]vault.Operation, error)) (more bool, err error) {
	err = m.Store.View(ctx, func(r vault.Reader) error {
		page, err := read(r)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, op := range page {
			w := c.ordersAt(place{op.Vault, strings.ToLower(op.IssuerName)})
			w.states[stateOfOrder(op)]++
			if op.Status == vault.InProgress {
				w.ages.add(c.now.Sub(op.Created).Seconds())
				w.oldest = sooner(w.oldest, op.Created)
			}
			if err := m.renewal(r, op, w, c.now); err != nil {
				return err
			}
		}
		*after, more = page[len(page)-1].Ref, len(page) == operationsPage
		return nil
	})
	return more, err
}

func stateOfOrder(op vault.Operation) string {
	switch {
	case op.Status == vault.Failed:
		return failed
	case op.CancelRequested:
		return cancelling
	case op.Asks:
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
func (m *Metrics) renewal(r vault.Reader, op vault.Operation, w *orderCounts, now time.Time) error {
	if !op.Renewal {
		return nil
	}
	head, err := r.Object(op.Ref)
	if err == nil && head.Latest != "" {
		var v vault.Version
		if v, err = r.Version(op.Ref, head.Latest); err == nil {
			m.overdue(head, v, op, w, now)
		}
	}
	if errors.Is(err, vault.ErrNotFound) {
		return nil
	}
	return err
}

// overdue counts a renewal, and how it stands: it is overdue a tenth of the lifetime
// after its trigger, or a day.
func (m *Metrics) overdue(head vault.Object, v vault.Version, op vault.Operation, w *orderCounts, now time.Time) {
	for _, d := range renewal.Milestones(head, v, vault.Schedule{}, false, m.Settings(head.Vault)) {
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
