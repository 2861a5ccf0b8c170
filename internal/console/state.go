package console

import (
	"context"
	"time"

	"certwright/internal/census"
	"certwright/internal/console/view"
)

// A condition is what decides how a version is.
type condition struct {
	Revoked, Enabled bool
	From, To         time.Time
}

const week = 7 * 24 * time.Hour

// badge is the one word for it, wherever it is shown; the command line has the
// same words.
func (k condition) badge(now time.Time) view.Badge {
	left := k.To.Sub(now)
	switch {
	case k.Revoked:
		return view.Badge{Tone: "bad", Sign: view.SignBad, Word: "revoked"}
	case !k.Enabled:
		return view.Badge{Sign: view.SignOff, Word: "disabled"}
	case !k.To.IsZero() && left <= 0:
		return view.Badge{Tone: "bad", Sign: view.SignBad, Word: "expired"}
	case k.From.After(now):
		return view.Badge{Tone: "warn", Sign: view.SignWarn, Word: "not valid yet"}
	case !k.To.IsZero() && left < week:
		return view.Badge{Tone: "warn", Sign: view.SignWarn, Word: "expires soon"}
	}
	return view.Badge{Tone: "ok", Sign: view.SignOK, Word: "valid"}
}

// conditionOf is that of the current version of a row.
func conditionOf(row census.Row) condition {
	return condition{Revoked: row.Revoked, Enabled: row.Enabled, From: row.From, To: row.Expires}
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
		all = append(all, conditionOf(row).badge(c.now()))
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
