package tokens

import (
	"net/http"
	"net/netip"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// remembered is how many addresses, or clients, are counted at most; of those
// that were not seen for longest is forgotten what they asked.
const remembered = 8192

// A limiter bounds how often each of many asks.
type limiter[K comparable] struct {
	perMinute int
	seen      *lru.Cache[K, *rate.Limiter]
}

func newLimiter[K comparable](perMinute int) *limiter[K] {
	seen, _ := lru.New[K, *rate.Limiter](remembered) // a count below 1 alone is an error
	return &limiter[K]{perMinute, seen}
}

// wait counts a request, and returns for how long none is taken: 0 if this one is.
// Ten seconds' worth may come at once.
func (l *limiter[K]) wait(who K, now time.Time) time.Duration {
	fresh := rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), max(1, l.perMinute/6))
	bucket, known, _ := l.seen.PeekOrAdd(who, fresh)
	if known {
		l.seen.Get(who) // it was seen just now
	} else {
		bucket = fresh
	}
	turn := bucket.ReserveN(now, 1)
	if wait := turn.DelayFrom(now); wait > 0 {
		turn.CancelAt(now)
		return wait
	}
	return 0
}

// neighbourhood is what of an address is counted as one: of IPv6 its network,
// since one machine has as many addresses there as it likes.
func neighbourhood(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}

// tooMany is who asked too often.
var tooMany = &refusal{http.StatusTooManyRequests, "temporarily_unavailable",
	"AADSTS90055: The server has terminated the request due to excessive request rate."}
