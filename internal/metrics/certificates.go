package metrics

import (
	"context"
	"time"

	"certwright/internal/vault"
)

// certificates walks the lists of certificates, vault by vault.
func (m *Metrics) certificates() func(context.Context, *inventory) (bool, error) {
	at := vault.ObjectsPage{Kind: vault.Certificates, IncludePending: true, Limit: objectsPage}
	inside := false // at says how far a vault's list was read
	return func(ctx context.Context, c *inventory) (more bool, err error) {
		err = m.Store.View(ctx, func(r vault.Reader) error {
			if !inside {
				next, err := r.Vaults(at.Vault, 1)
				if err != nil || len(next) == 0 {
					return err
				}
				at.Vault, at.Deleted, at.After, inside = next[0], false, "", true
			}
			page, err := r.Objects(at)
			if err != nil {
				return err
			}
			c.add(at.Vault, at.Deleted, page)
			more = true
			switch {
			case len(page) == objectsPage:
				at.After = page[len(page)-1].Key()
			case !at.Deleted:
				at.Deleted, at.After = true, ""
			default:
				inside = false
			}
			return nil
		})
		return more, err
	}
}

// add counts a page of a vault's certificates.
func (c *inventory) add(vaultName string, gone bool, page []vault.Entry) {
	if len(page) == 0 {
		return
	}
	s := c.countsOf(vaultName)
	for _, e := range page {
		state := stateOf(e, gone, c.now)
		s.states[state]++
		if state != inUse && state != expired || e.Attributes.Expires.IsZero() {
			continue
		}
		left := e.Attributes.Expires.Sub(c.now)
		s.days.add(left.Hours() / 24)
		if state == inUse {
			s.soonest = sooner(s.soonest, e.Attributes.Expires)
		}
	}
}

func stateOf(e vault.Entry, gone bool, now time.Time) string {
	expires := e.Attributes.Expires
	switch {
	case gone:
		return deleted
	case e.Pending:
		return pending
	case !e.Attributes.Enabled:
		return disabled
	case !expires.IsZero() && !expires.After(now):
		return expired
	}
	return inUse
}

// sooner is the earlier of two times; the zero one is none.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

func (c *inventory) countsOf(vaultName string) *counts {
	if c.vaults[vaultName] == nil {
		if len(c.vaults) >= mostPlaces {
			vaultName = others
		}
		if c.vaults[vaultName] == nil {
			c.vaults[vaultName] = &counts{states: map[string]int{inUse: 0, disabled: 0, expired: 0, pending: 0, deleted: 0}, days: newBuckets(dayBounds)}
		}
	}
	return c.vaults[vaultName]
}
