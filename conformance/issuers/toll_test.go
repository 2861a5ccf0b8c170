package issuers_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
)

// A fault is what befalls one call to the outside.
type fault string

const (
	none       fault = ""
	killBefore fault = "kill -9 before the call arrives"
	killAfter  fault = "kill -9 before the answer arrives"
	cutBefore  fault = "connection cut before the call arrives"
	cutAfter   fault = "connection cut before the answer arrives"
	cutShort   fault = "connection cut in the middle of the answer"
	fails      fault = "500"
	busy       fault = "503 with Retry-After"
	tooMany    fault = "429 with Retry-After"
	late       fault = "an answer after two seconds"
	loses      fault = "its connections to PostgreSQL are cut"
)

// kills reports whether the program dies of it.
func (f fault) kills() bool { return f == killBefore || f == killAfter }

// A toll is what every call of one server to the outside goes through: it
// counts them and decides what befalls each.
type toll struct {
	plan func(n int, call string) fault // n counts from 1; nil: nothing ever
	kill func(caller string)            // ends the server that calls from an address; returns when it is dead
	cut  func(caller string)            // takes its database from it for a moment

	mu   sync.Mutex
	seen []passage
}

// A passage is one call that went through.
type passage struct {
	n      int
	call   string // method and path, or what was asked of a name server
	fault  fault
	status int // of the authority's answer, 1000 and the code for a name server's; 0: it was not asked
}

// next counts a call and says what is to befall it.
func (t *toll) next(call string) passage {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := passage{n: len(t.seen) + 1, call: call}
	if t.plan != nil {
		p.fault = t.plan(p.n, call)
	}
	t.seen = append(t.seen, p)
	return p
}

// begin counts from here.
func (t *toll) begin(plan func(n int, call string) fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.plan, t.seen = plan, nil
}

// told notes what the authority answered, before anybody can die of it.
func (t *toll) told(p passage, status int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.n <= len(t.seen) {
		t.seen[p.n-1].status = status
	}
}

// passages returns the calls so far whose text begins with prefix.
func (t *toll) passages(prefix string) (found []passage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.seen {
		if strings.HasPrefix(p.call, prefix) {
			found = append(found, p)
		}
	}
	return found
}

// String lists the calls, one a line.
func (t *toll) String() string {
	var b strings.Builder
	for _, p := range t.passages("") {
		fmt.Fprintf(&b, "%3d %s: %d %s\n", p.n, p.call, p.status, p.fault)
	}
	return b.String()
}

// storm kills the server at one call of six, again and again.
func storm(seed uint64) func(int, string) fault {
	random := rand.New(rand.NewPCG(seed, seed))
	return func(int, string) fault {
		switch random.IntN(12) {
		case 0:
			return killBefore
		case 1:
			return killAfter
		}
		return none
	}
}

// at has a fault befall the k-th call and no other.
func at(k int, f fault) func(int, string) fault {
	return func(n int, _ string) fault {
		if n == k {
			return f
		}
		return none
	}
}
