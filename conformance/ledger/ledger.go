package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"certwright/conformance/process"
)

// A Server is what is asked. An error means that the outcome is not known.
type Server interface {
	Send(ctx context.Context, method, path string, body any) (process.Reply, error)
}

// state is what a server acknowledged last about a name.
type state string

const (
	ordered state = "ordered" // 202: the pending request with that id
	issued  state = "issued"  // a version with that certificate
	renewed state = "renewed" // one version more than was brought, which the server made by itself
	deleted state = "deleted"
	purged  state = "purged"
)

// A fact is what must be true of a name.
type fact struct {
	name   string
	is     state
	next   state  // a request that was under way: this may be true instead; "" for none
	issuer string // of an order
	id     string // request id, once ordered
	manual bool   // issuer Unknown: waits for a merge for ever
	cer    string // once issued
	made   int    // versions that may exist: orders and imports acknowledged or under way
	writes int    // acknowledged
}

// A Ledger holds all facts.
type Ledger struct {
	mu    sync.Mutex
	facts map[string]*fact
	wrong []string // answers that should not have been
	acks  int      // of facts that were forgotten
}

// New returns a ledger without facts.
func New() *Ledger { return &Ledger{facts: map[string]*fact{}} }

func (l *Ledger) open(name string) *fact {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := &fact{name: name}
	l.facts[name] = f
	return f
}

func (l *Ledger) complain(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
}

// Wrong are the answers so far that should not have been.
func (l *Ledger) Wrong() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.wrong)
}

// Names is how many names there are facts of.
func (l *Ledger) Names() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.facts)
}

// Acknowledged is how many writes were. No hand may be at work.
func (l *Ledger) Acknowledged() int {
	sum := l.acks
	for _, f := range l.facts {
		sum += f.writes
	}
	return sum
}

// An Order is a request for a certificate at an issuer.
type Order struct {
	Name, Issuer string
	Acknowledged bool // or found by the judge, and not deleted since; else it may not have become
}

// Orders are those of all names that were not deleted. No hand may be at work.
func (l *Ledger) Orders() (all []Order) {
	for _, name := range slices.Sorted(maps.Keys(l.facts)) {
		if f := l.facts[name]; f.issuer != "" {
			all = append(all, Order{Name: name, Issuer: f.issuer, Acknowledged: f.is == ordered && f.next == ""})
		}
	}
	return all
}

// Clear forgets all facts: other names follow. No hand may be at work.
func (l *Ledger) Clear() { l.forget(0) }

// forget keeps the work of a round bounded: of all names, the map's own
// disorder picks those that later rounds look at again.
func (l *Ledger) forget(most int) {
	for name, f := range l.facts {
		if len(l.facts) <= most {
			return
		}
		l.acks += f.writes
		delete(l.facts, name)
	}
}
