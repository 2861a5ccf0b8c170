package console

import (
	"context"

	"certwright/internal/census"
	"certwright/internal/console/pages"
	"certwright/internal/console/view"
)

// conditionOf is that of the current version of a row.
func conditionOf(row census.Row) pages.Condition {
	return pages.Condition{Revoked: row.Revoked, Enabled: row.Enabled, From: row.From, To: row.Expires}
}

// fresh reads rows anew, with what the authorities of this server say of them.
func (c *Console) fresh(ctx context.Context, rows []census.Row) ([]census.Row, error) {
	fresh, err := c.Census.Fresh(ctx, rows)
	for i, row := range fresh {
		fresh[i].Revoked = row.Revoked || len(row.Leaf) > 0 && c.Revoked(ctx, row.Leaf)
	}
	return fresh, err
}

// badges are the states of a certificate, the most pressing one first.
func (c *Console) badges(row census.Row) (all []view.Badge) {
	add := func(tone, sign, word string) { all = append(all, view.Badge{Tone: tone, Sign: sign, Word: word}) }
	if !row.Pending {
		all = append(all, conditionOf(row).Badge(c.now()))
		if row.Revoked && !row.Enabled {
			add("", view.SignOff, "disabled")
		}
	}
	switch {
	case row.Order == census.OrderRuns:
		add("", view.SignBusy, "in progress")
	case row.Order == census.OrderWaits:
		add("warn", view.SignWarn, "waits for a person")
	case row.Order == census.OrderFailed:
		add("bad", view.SignBad, "order failed")
	case row.Order == census.OrderCancelled && row.Pending:
		add("", view.SignOff, "cancelled")
	}
	if row.Outlook == census.Failing && row.Order != census.OrderFailed {
		add("bad", view.SignBad, "renewal failing")
	}
	if len(all) == 0 {
		add("", view.SignOff, "no version")
	}
	return all
}
