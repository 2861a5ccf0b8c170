// Package challenge publishes the proofs that an ACME authority asks for: TXT
// records (dns-01) and small files over HTTP (http-01), through a name server, a
// webhook, a program or the server's own side door. It knows nothing of orders
// and accounts, and no address it speaks to comes from a request. Begin with
// Solver; Settings is what an operator writes.
package challenge

import (
	"context"
	"time"
)

// The challenges that can be solved (RFC 8555 sections 8.3 and 8.4).
const (
	DNS01  = "dns-01"
	HTTP01 = "http-01"
)

// A Record is one proof to publish.
type Record struct {
	Type   string // "dns-01" or "http-01"
	Domain string // the identifier without "*."
	Name   string // dns-01: the TXT record's name, fully qualified with a trailing dot; http-01: the token
	Value  string // dns-01: the TXT value; http-01: the key authorization
}

// A Solver publishes proofs. All methods are idempotent, also across processes,
// and an error is transient: it says in plain words what is wrong and holds no
// secret. The one exception is ErrUnfit. Several values may stand at one Name
// (a domain and its wildcard); each is published and removed by itself.
type Solver interface {
	// Type says which challenge it solves, "dns-01" or "http-01".
	Type() string
	// Present publishes r; a record that is there already is none too many.
	Present(ctx context.Context, r Record) error
	// Ready reports whether the authority can be expected to see the record; false means ask again after the duration.
	Ready(ctx context.Context, r Record, presented time.Time, now time.Time) (bool, time.Duration, error)
	// Cleanup removes r, and no other value of its name; a record that is gone is fine.
	Cleanup(ctx context.Context, r Record) error
}

// A Teller is a Solver that can say more about a record that is not ready. All
// solvers of New are.
type Teller interface {
	// WaitsFor says what Ready still waits for, as the end of "waits for": "the
	// name server 10.0.0.53:53 to show the TXT record x."; "" if that is not known.
	WaitsFor(ctx context.Context, r Record) string
}
