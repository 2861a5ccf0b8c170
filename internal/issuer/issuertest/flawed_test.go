package issuertest_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/internal/issuer/issuertest"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// A flaw is an issuer, or a case, that is not right, and what the suite says of it.
type flaw struct {
	step   func(next stepFunc, ctx context.Context, o vault.Order) (vault.Progress, error)
	cancel func(next stepFunc, ctx context.Context, o vault.Order) (vault.Progress, error)
	change func(*issuertest.Case)
	says   string
	passes bool
}

type stepFunc = func(context.Context, vault.Order) (vault.Progress, error)

// flawed is the tiny issuer with a flaw.
type flawed struct {
	*Issuer
	flaw
}

func (f flawed) Step(ctx context.Context, o vault.Order) (vault.Progress, error) {
	if f.step == nil {
		return f.Issuer.Step(ctx, o)
	}
	return f.step(f.Issuer.Step, ctx, o)
}

func (f flawed) Cancel(ctx context.Context, o vault.Order) (vault.Progress, error) {
	if f.cancel == nil {
		return f.Issuer.Cancel(ctx, o)
	}
	return f.cancel(f.Issuer.Cancel, ctx, o)
}

func broken(state []byte) bool { return state != nil && string(state) != `"sent"` }

func flaws() map[string]flaw {
	var once sync.Once
	var first vault.Progress
	return map[string]flaw{
		"none": {passes: true},
		"tells the password in a note": {says: "Notes shows the issuer's password", step: func(next stepFunc, ctx context.Context, o vault.Order) (vault.Progress, error) {
			p, err := next(ctx, o)
			p.Notes = append(p.Notes, "signed in with "+o.Password.Reveal())
			return p, err
		}},
		"tells the password in an error": {says: "the error shows the issuer's password", step: func(next stepFunc, ctx context.Context, o vault.Order) (vault.Progress, error) {
			p, err := next(ctx, o)
			if err != nil {
				err = errors.New("not let in with " + o.Password.Reveal())
			}
			return p, err
		}},
		"panics": {says: "panic: what is this?", step: func(next stepFunc, ctx context.Context, o vault.Order) (vault.Progress, error) {
			if broken(o.State) && !json.Valid(o.State) {
				panic("what is this?")
			}
			return next(ctx, o)
		}},
		"blames the user for a broken row": {says: "want an error or a fresh start", step: func(next stepFunc, ctx context.Context, o vault.Order) (vault.Progress, error) {
			if broken(o.State) {
				return vault.Progress{Failure: &vault.Failure{Code: vault.RequestRejected, Message: "no"}}, nil
			}
			return next(ctx, o)
		}},
		"cannot cancel what it does not know": {says: "the first cancel", cancel: func(next stepFunc, ctx context.Context, o vault.Order) (vault.Progress, error) {
			if o.State == nil {
				return vault.Progress{}, errors.New("nothing to cancel")
			}
			return next(ctx, o)
		}},
		"says two things at once": {says: "more than one end", cancel: func(next stepFunc, ctx context.Context, o vault.Order) (vault.Progress, error) {
			return vault.Progress{Cancelled: true}, errors.New("perhaps")
		}},
		"never ends": {says: "no end after 100 steps", step: func(_ stepFunc, ctx context.Context, o vault.Order) (vault.Progress, error) {
			return vault.Progress{State: o.State, Again: time.Second}, ctx.Err()
		}},
		"mixes orders up": {says: "the leaf's key is not the request's", step: func(next stepFunc, ctx context.Context, o vault.Order) (vault.Progress, error) {
			p, err := next(ctx, o)
			if p.Chain != nil {
				once.Do(func() { first = p })
				p = first
			}
			return p, err
		}},
		"writes into the order": {says: "changed the order it was given", step: func(next stepFunc, ctx context.Context, o vault.Order) (vault.Progress, error) {
			o.CSR[0] ^= 1
			defer func() { o.CSR[1] ^= 1 }()
			return next(ctx, o)
		}},
		"plays no hold": {says: "Hold is nil; give it, or say in Missing", change: func(c *issuertest.Case) { c.Hold = nil }},
		"is not to play hold": {says: "LEFT OUT, the case has no Hold: it decides at once", passes: true, change: func(c *issuertest.Case) {
			c.Hold, c.Missing = nil, map[string]string{"Hold": "it decides at once"}
		}},
		"plays what is missing": {says: "Hold is given, and Missing says that it is not", change: func(c *issuertest.Case) {
			c.Missing = map[string]string{"Hold": "it decides at once"}
		}},
		"misses what there is not": {says: "Missing names Holt; only Again, ", change: func(c *issuertest.Case) { c.Missing = map[string]string{"Holt": "a slip"} }},
		"gives no reason": {says: "Missing does not say why there is no Hold", change: func(c *issuertest.Case) {
			c.Hold, c.Missing = nil, map[string]string{"Hold": ""}
		}},
	}
}

// whichFlaw names the flaw that a process of this test has.
const whichFlaw = "ISSUERTEST_FLAW"

// The suite finds every flaw: each is judged by a process of its own, which must fail.
func TestFlaws(t *testing.T) {
	t.Parallel()
	if name := os.Getenv(whichFlaw); name != "" {
		judgeFlaw(t, flaws()[name])
		return
	}
	for name, f := range flaws() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFlaws$", "-test.v")
			c.Env = append(os.Environ(), whichFlaw+"="+name)
			out, err := c.CombinedOutput()
			if (err == nil) != f.passes || !strings.Contains(string(out), f.says) {
				t.Errorf("ended with %v, want passed: %t and %q in\n%s", err, f.passes, f.says, out)
			}
		})
	}
}

func judgeFlaw(t *testing.T, f flaw) {
	at := func(way string) func(*testing.T) (vault.Issuer, vault.IssuerConfig) {
		return func(t *testing.T) (vault.Issuer, vault.IssuerConfig) {
			server := httptest.NewServer(newDesk(t, way))
			t.Cleanup(server.Close)
			i, err := New(Settings{Address: server.URL})
			must.Do(t, err)
			return flawed{i, f}, vault.IssuerConfig{Vault: "default", Name: "desk", Provider: "Desk", Enabled: true}
		}
	}
	c := issuertest.Case{New: at("issues"), Reject: at("refuses"), Fault: at("knows nobody"), Unreachable: at("is away"), Hold: at("waits"),
		Again: func(_ *testing.T, first vault.Issuer) vault.Issuer { return first }}
	if f.change != nil {
		f.change(&c)
	}
	issuertest.Run(t, c)
}
