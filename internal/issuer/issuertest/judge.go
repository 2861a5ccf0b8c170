package issuertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/internal/vault"
)

// A judge steps orders as the engine does and looks at every answer.
type judge struct {
	Case
	passing sync.Mutex // Pass is for one at a time
}

const maxSteps = 100

// step takes one step and looks at what came of it. It may be called by any
// goroutine of the test.
func (j *judge) step(t *testing.T, i vault.Issuer, o vault.Order) (vault.Progress, error) {
	t.Helper()
	return j.ask(t, "step", i.Step, o)
}

// cancel withdraws an order and looks at what came of it.
func (j *judge) cancel(t *testing.T, c vault.Canceler, o vault.Order) (vault.Progress, error) {
	t.Helper()
	o.CancelRequested = true
	return j.ask(t, "cancel", c.Cancel, o)
}

func (j *judge) ask(t *testing.T, what string, call func(context.Context, vault.Order) (vault.Progress, error), o vault.Order) (vault.Progress, error) {
	t.Helper()
	before := copyOrder(o)
	p, err := call(t.Context(), o)
	if !reflect.DeepEqual(before, o) {
		t.Errorf("%s changed the order it was given", what)
	}
	j.checkShape(t, what, p, err)
	j.checkSecrets(t, what, p, err)
	return p, err
}

func ended(p vault.Progress) bool { return p.Chain != nil || p.Failure != nil || p.Cancelled }

// checkShape wants one end at most, and none together with an error.
func (j *judge) checkShape(t *testing.T, what string, p vault.Progress, err error) {
	t.Helper()
	n := 0
	for _, end := range []bool{p.Chain != nil, p.Failure != nil, p.Cancelled, err != nil} {
		if end {
			n++
		}
	}
	if n > 1 {
		t.Errorf("%s: more than one end: %s", what, shown(p, err))
	}
}

// checkSecrets wants the issuer's password in nothing that is kept or shown.
func (j *judge) checkSecrets(t *testing.T, what string, p vault.Progress, err error) {
	t.Helper()
	places := map[string]string{"State": string(p.State), "Ref": string(p.Ref), "Detail": p.Detail, "Notes": strings.Join(p.Notes, "\n")}
	if p.Failure != nil {
		places["Failure"] = p.Failure.Message
	}
	if err != nil {
		places["the error"] = err.Error()
	}
	for place, text := range places {
		if strings.Contains(text, j.Password.Reveal()) {
			t.Errorf("%s: %s shows the issuer's password", what, place)
		}
	}
}

// shown is an answer for people; certificates are only counted.
func shown(p vault.Progress, err error) string {
	return fmt.Sprintf("chain of %d, failure %+v, cancelled %t, state %q, detail %q, again in %v, notes %q, error %v",
		len(p.Chain), p.Failure, p.Cancelled, p.State, p.Detail, p.Again, p.Notes, err)
}

// follow steps an order to its end, saving and handing on state as the engine
// does. It reports false, and fails the test, where there is no end.
func (j *judge) follow(t *testing.T, o vault.Order, next func(step int) vault.Issuer) (vault.Progress, bool) {
	t.Helper()
	var last vault.Progress
	var lastErr error
	for step := range maxSteps {
		last, lastErr = j.step(t, next(step), o)
		switch {
		case lastErr != nil:
			o.Attempt++
			j.pass(t, &o, retryAfter(lastErr))
		case ended(last):
			return last, true
		default:
			o.State, o.Attempt = last.State, 0
			j.pass(t, &o, max(last.Again, time.Second))
		}
	}
	t.Errorf("order %s: no end after %d steps; the last one: %s", o.ID, maxSteps, shown(last, lastErr))
	return last, false
}

// walk is follow for a test's own goroutine, which goes no further without an end.
func (j *judge) walk(t *testing.T, o vault.Order, next func(step int) vault.Issuer) vault.Progress {
	t.Helper()
	p, ok := j.follow(t, o, next)
	if !ok {
		t.FailNow()
	}
	return p
}

// always is the same issuer for every step.
func always(i vault.Issuer) func(int) vault.Issuer { return func(int) vault.Issuer { return i } }

func (j *judge) pass(t *testing.T, o *vault.Order, d time.Duration) {
	o.Now = o.Now.Add(d)
	if j.Pass != nil {
		j.passing.Lock()
		defer j.passing.Unlock()
		j.Pass(t, d)
	}
}

func retryAfter(err error) time.Duration {
	var r *vault.RetryError
	if errors.As(err, &r) {
		return r.After
	}
	return time.Second
}

func copyOrder(o vault.Order) vault.Order {
	o.CSR, o.State, o.Previous = bytes.Clone(o.CSR), bytes.Clone(o.State), bytes.Clone(o.Previous)
	return o
}
