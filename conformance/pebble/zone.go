package pebble

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"certwright/internal/challenge"
)

// A Zone is every name that the authority can see, served by Pebble's own name
// server: addresses all lead to this machine, TXT records are set here.
type Zone struct {
	address  string // of the name server, TCP and UDP
	manage   string // of its management door
	httpPort int    // where it answers http-01
	client   *http.Client

	mu   sync.Mutex
	txt  map[string][]string // by fully qualified name
	ever int                 // records set so far
}

func startZone(t testing.TB) *Zone {
	t.Helper()
	ports := freePorts(t, 3)
	z := &Zone{address: relay(t, local(ports[0])), manage: "http://" + local(ports[1]), httpPort: ports[2],
		client: &http.Client{Timeout: 5 * time.Second}, txt: map[string][]string{}}
	p := launch(t, "pebble-challtestsrv", nil, "-dnsserver", local(ports[0]), "-management", local(ports[1]), "-http01", local(ports[2]),
		"-https01", "", "-tlsalpn01", "", "-doh", "", "-defaultIPv6", "")
	p.await(t, func() error { return send(z.client, z.manage+"/clear-txt", map[string]string{"host": "ready.test."}) })
	return z
}

// Address is where the name server listens, host:port, TCP and UDP.
func (z *Zone) Address() string { return z.address }

// Set makes values all that stands at a name, fully qualified.
func (z *Zone) Set(name string, values []string) error {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.set(name, values)
}

func (z *Zone) set(name string, values []string) error {
	if err := send(z.client, z.manage+"/clear-txt", map[string]string{"host": name}); err != nil {
		return err
	}
	delete(z.txt, name)
	for _, v := range values {
		if err := send(z.client, z.manage+"/set-txt", map[string]string{"host": name, "value": v}); err != nil {
			return err
		}
		z.txt[name] = append(z.txt[name], v)
	}
	return nil
}

// Records counts the TXT records that stand now, and those that were ever set.
func (z *Zone) Records() (now, ever int) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, values := range z.txt {
		now += len(values)
	}
	return now, z.ever
}

// Solver publishes proofs of dns-01 in the zone, where they can be seen at once.
func (z *Zone) Solver() challenge.Solver { return dnsSolver{z} }

type dnsSolver struct{ zone *Zone }

// Type implements challenge.Solver.
func (dnsSolver) Type() string { return challenge.DNS01 }

// Present implements challenge.Solver.
func (s dnsSolver) Present(_ context.Context, r challenge.Record) error {
	s.zone.mu.Lock()
	defer s.zone.mu.Unlock()
	if slices.Contains(s.zone.txt[r.Name], r.Value) {
		return nil
	}
	s.zone.ever++
	if err := send(s.zone.client, s.zone.manage+"/set-txt", map[string]string{"host": r.Name, "value": r.Value}); err != nil {
		return err
	}
	s.zone.txt[r.Name] = append(s.zone.txt[r.Name], r.Value)
	return nil
}

// Ready implements challenge.Solver.
func (dnsSolver) Ready(context.Context, challenge.Record, time.Time, time.Time) (bool, time.Duration, error) {
	return true, 0, nil
}

// Cleanup implements challenge.Solver. The name server can only forget all values
// of a name, which it is told when the last one goes; until then the others must
// not be missing for a moment.
func (s dnsSolver) Cleanup(_ context.Context, r challenge.Record) error {
	s.zone.mu.Lock()
	defer s.zone.mu.Unlock()
	if !slices.Contains(s.zone.txt[r.Name], r.Value) {
		return nil
	}
	left := slices.DeleteFunc(slices.Clone(s.zone.txt[r.Name]), func(v string) bool { return v == r.Value })
	if len(left) == 0 {
		return s.zone.set(r.Name, nil)
	}
	s.zone.txt[r.Name] = left
	return nil
}

// HTTPSolver publishes proofs of http-01 at every name.
func (z *Zone) HTTPSolver() challenge.Solver { return httpSolver{z} }

type httpSolver struct{ zone *Zone }

// Type implements challenge.Solver.
func (httpSolver) Type() string { return challenge.HTTP01 }

// Present implements challenge.Solver.
func (s httpSolver) Present(_ context.Context, r challenge.Record) error {
	return send(s.zone.client, s.zone.manage+"/add-http01", map[string]string{"token": r.Name, "content": r.Value})
}

// Ready implements challenge.Solver.
func (httpSolver) Ready(context.Context, challenge.Record, time.Time, time.Time) (bool, time.Duration, error) {
	return true, 0, nil
}

// Cleanup implements challenge.Solver.
func (s httpSolver) Cleanup(_ context.Context, r challenge.Record) error {
	return send(s.zone.client, s.zone.manage+"/del-http01", map[string]string{"token": r.Name})
}
