package audit

import (
	"net/netip"
	"strconv"
	"sync"
	"time"

	"certwright/internal/audit/line"
	"certwright/internal/clock"
)

// noise bounds how many lines those may cause who are not signed in: what is
// refused beyond that is counted, and the count is a line.
type noise struct {
	mu    sync.Mutex
	until time.Time // of the minute that is counted
	all   int
	from  map[netip.Prefix]int
	left  int // not listed in this minute
}

// In a minute, so many refused sign-ins are listed, and so many of one place.
const (
	mostRefused     = 300
	mostRefusedFrom = 20
	noiseTime       = time.Minute
)

// place is what counts as one place: an address, or a network of IPv6.
func place(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // the zero prefix for the zero address
	return p
}

// lists reports whether a sign-in that was refused at now is listed; first: it
// is the first that is not.
func (n *noise) lists(from netip.Addr, now time.Time) (listed, first bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now.After(n.until) && n.left == 0 {
		n.until, n.all, n.from = now.Add(noiseTime), 0, map[netip.Prefix]int{}
	}
	at := place(from)
	if now.After(n.until) || n.all >= mostRefused || n.from[at] >= mostRefusedFrom {
		n.left++
		return false, n.left == 1
	}
	n.all++
	n.from[at]++
	return true, false
}

// count is how many of a minute that is over were not listed, once.
func (n *noise) count(now time.Time, last bool) (left int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now.After(n.until) || last {
		left, n.left = n.left, 0
	}
	return left
}

// due is when the count is to be written; false: there is none.
func (n *noise) due() (time.Time, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.until, n.left > 0
}

// refusedEntry says how many were not listed.
func refusedEntry(left int) Entry {
	return Entry{Operation: Authentication, Phase: line.Happens, Status: 401, Description: "more sign-ins were refused than are listed",
		Facts: []Fact{{Name: "count", Value: strconv.Itoa(left)}}}
}

// SignInRefused writes that a sign-in was refused, or counts it where too many
// were: it waits for nothing. token: one was shown, and was no good; else there
// was none, as in the first request of every client.
func (l *Log) SignInRefused(e Entry, token bool) {
	if l == nil {
		return
	}
	n := &l.strangers
	if token {
		n = &l.forgers
	}
	from := e.Address
	if !from.IsValid() {
		from = e.Caller.Address
	}
	if listed, first := n.lists(from, clock.Real{}.Now()); !listed {
		if first {
			l.poke() // so that the count is written when the minute is over
		}
		return
	}
	e.Operation = Authentication
	if e.Phase == "" {
		e.Phase = line.Ends
	}
	_ = l.write(&e, false) // where there is no room it is counted by put
}
