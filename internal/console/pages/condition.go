package pages

import (
	"time"

	"certwright/internal/console/view"
)

// A Condition is what decides how a version is.
type Condition struct {
	Revoked, Enabled bool
	From, To         time.Time
}

// Week is how long before its end a certificate is said to expire soon.
const Week = 7 * 24 * time.Hour

// Badge is the one word for it, wherever it is shown; the command line has the
// same words.
func (k Condition) Badge(now time.Time) view.Badge {
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
	case !k.To.IsZero() && left < Week:
		return view.Badge{Tone: "warn", Sign: view.SignWarn, Word: "expires soon"}
	}
	return view.Badge{Tone: "ok", Sign: view.SignOK, Word: "valid"}
}
