package logs

import (
	"net/http"
	"time"

	"golang.org/x/time/rate"

	"certwright/internal/api"
)

// strangersMost is how many refused sign-ins are shown at once; after those one a second.
const strangersMost = 60

// FewStrangers passes on what observe is to see, but of requests that nobody was
// signed in for a few alone: whoever can connect can send them, and must not fill
// the disk. Metrics and the audit log count them all.
func FewStrangers(observe func(api.Observation)) func(api.Observation) {
	shown := rate.NewLimiter(rate.Every(time.Second), strangersMost)
	return func(o api.Observation) {
		if o.Status != http.StatusUnauthorized || shown.Allow() {
			observe(o)
		}
	}
}
