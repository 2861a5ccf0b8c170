// Package issuertest is the judge of issuers: one conformance suite that every
// provider passes, the scripted one and the real ones alike. It knows the
// contract in vault/issuer.go and nothing of any provider. Begin with Run.
package issuertest

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"certwright/internal/vault"
)

// A Case says how to set up one provider for the suite.
type Case struct {
	// New returns a fresh issuer, and the issuer resource that orders use.
	New func(t *testing.T) (vault.Issuer, vault.IssuerConfig)
	// Again returns the issuer as another process would have it, after a crash
	// of the first: same accounts, same server, no memory.
	Again func(t *testing.T, first vault.Issuer) vault.Issuer
	// Pass lets time pass at the provider, by d, between two steps; nil where
	// it has none of its own. Side by side orders pass theirs in turn.
	Pass func(t *testing.T, d time.Duration)
	// Reject, Fault, Unreachable and Hold return an issuer that will refuse the
	// order as the user's fault, fail by its own, be out of reach for the first
	// two steps, and leave the order waiting.
	Reject, Fault, Unreachable, Hold func(t *testing.T) (vault.Issuer, vault.IssuerConfig)
	// Missing says why a provider cannot play a scenario that is nil, by the
	// name of its field: {"Hold": "it decides at once"}. The suite skips those
	// with that reason; one that is nil and not named fails.
	Missing map[string]string
	// Password is that of the issuer resource, opened; "" has one made up. It
	// may be seen in no answer.
	Password vault.Hidden
	// Names are the DNS names of the orders; default one under example.test.
	Names []string
}

// A scenario is one thing that every issuer must do.
type scenario struct {
	name  string
	needs string // the field of Case without which it cannot be played
	play  func(t *testing.T)
}

// Run puts the provider through the contract.
func Run(t *testing.T, c Case) {
	if c.Names == nil {
		c.Names = []string{"www.example.test"}
	}
	if c.Password == "" {
		c.Password = vault.Hidden("Passw0rd" + vault.NewID())
	}
	c.check(t)
	j := &judge{Case: c}
	for _, s := range []scenario{
		{"issues for RSA and EC", "New", j.issues},
		{"another process goes on from saved state after every step", "Again", j.resumes},
		{"the same step twice does no harm", "New", j.repeats},
		{"a step that is cut off tells so and changes nothing", "New", j.cutOff},
		{"orders side by side", "New", j.sideBySide},
		{"refusal is a progress", "Reject", func(t *testing.T) { j.refuses(t, c.Reject, vault.RequestRejected) }},
		{"fault is a progress", "Fault", func(t *testing.T) { j.refuses(t, c.Fault, vault.IssuerFault) }},
		{"unreachable is an error that passes", "Unreachable", j.outage},
		{"a held order waits and can be withdrawn", "Hold", j.withdraws},
		{"an order that never began can be withdrawn", "New", j.neverBegan},
		{"a state that is none does no harm", "New", j.garbage},
	} {
		t.Run(s.name, func(t *testing.T) {
			if why, ok := c.Missing[s.needs]; ok {
				t.Skipf("LEFT OUT, the case has no %s: %s", s.needs, why)
			}
			s.play(t)
		})
	}
}

// check wants every scenario given, or named as missing with a reason.
func (c Case) check(t *testing.T) {
	t.Helper()
	given := map[string]bool{"New": c.New != nil, "Again": c.Again != nil, "Reject": c.Reject != nil,
		"Fault": c.Fault != nil, "Unreachable": c.Unreachable != nil, "Hold": c.Hold != nil}
	for name, why := range c.Missing {
		there, known := given[name]
		switch {
		case !known || name == "New":
			t.Errorf("Missing names %s; only %s can be", name, strings.Join(slices.Sorted(maps.Keys(given)), ", "))
		case there:
			t.Errorf("%s is given, and Missing says that it is not: %s", name, why)
		case why == "":
			t.Errorf("Missing does not say why there is no %s", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, said := c.Missing[name]; !given[name] && !said {
			t.Errorf("%s is nil; give it, or say in Missing why the provider cannot play it", name)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}
