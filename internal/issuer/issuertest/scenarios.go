package issuertest

import (
	"context"
	"crypto"
	"sync"
	"testing"

	"certwright/internal/vault"
)

func (j *judge) issues(t *testing.T) {
	for name, key := range keys(t) {
		t.Run(name, func(t *testing.T) {
			issuer, cfg := j.New(t)
			checkIssued(t, j.walk(t, j.order(t, cfg, key), always(issuer)), key, j.Names)
		})
	}
}

func (j *judge) resumes(t *testing.T) {
	issuer, cfg := j.New(t)
	key := keys(t)["EC"]
	checkIssued(t, j.walk(t, j.order(t, cfg, key), func(step int) vault.Issuer {
		if step > 0 {
			issuer = j.Again(t, issuer)
		}
		return issuer
	}), key, j.Names)
}

func (j *judge) repeats(t *testing.T) {
	issuer, cfg := j.New(t)
	key := keys(t)["EC"]
	checkIssued(t, j.walk(t, j.order(t, cfg, key), always(twice{issuer})), key, j.Names)
}

// twice loses the first answer of every step, as a crash before the save does.
type twice struct{ vault.Issuer }

func (i twice) Step(ctx context.Context, o vault.Order) (vault.Progress, error) {
	_, _ = i.Issuer.Step(ctx, copyOrder(o))
	return i.Issuer.Step(ctx, o)
}

func (j *judge) cutOff(t *testing.T) {
	issuer, cfg := j.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	key := keys(t)["EC"]
	o := j.order(t, cfg, key)
	if p, err := issuer.Step(ctx, o); err == nil {
		t.Fatalf("a step without time succeeded: %s", shown(p, err))
	}
	checkIssued(t, j.walk(t, o, always(issuer)), key, j.Names)
}

// sideBySide gives every order a key of its own: none may get another's certificate.
func (j *judge) sideBySide(t *testing.T) {
	issuer, cfg := j.New(t)
	const orders = 4
	var signers [orders]crypto.Signer
	var ends [orders]vault.Progress
	var all sync.WaitGroup
	for n := range orders {
		signers[n] = keys(t)["EC"]
		o := j.order(t, cfg, signers[n])
		all.Go(func() { ends[n], _ = j.follow(t, o, always(issuer)) })
	}
	all.Wait()
	for n, p := range ends {
		checkIssued(t, p, signers[n], j.Names)
	}
}

func (j *judge) refuses(t *testing.T, make func(*testing.T) (vault.Issuer, vault.IssuerConfig), code string) {
	issuer, cfg := make(t)
	p := j.walk(t, j.order(t, cfg, keys(t)["EC"]), always(issuer))
	if p.Failure == nil || p.Failure.Code != code || p.Failure.Message == "" {
		t.Errorf("failure = %+v, want code %q and a message", p.Failure, code)
	}
}

func (j *judge) outage(t *testing.T) {
	issuer, cfg := j.Unreachable(t)
	key := keys(t)["EC"]
	o := j.order(t, cfg, key)
	if p, err := j.step(t, issuer, o); err == nil {
		t.Fatalf("an issuer out of reach answered %s, want an error", shown(p, err))
	}
	checkIssued(t, j.walk(t, o, always(issuer)), key, j.Names)
}

// withdraws cancels twice, as the engine does when the first answer is lost.
func (j *judge) withdraws(t *testing.T) {
	issuer, cfg := j.Hold(t)
	o := j.order(t, cfg, keys(t)["EC"])
	p, err := j.step(t, issuer, o)
	if err != nil || ended(p) || p.Again <= 0 {
		t.Fatalf("held order: %s; want to be asked again later", shown(p, err))
	}
	o.State = p.State
	j.withdrawn(t, issuer, o)
}

// neverBegan cancels an order of which nothing is known: no step was taken, or
// the answer of the first was lost.
func (j *judge) neverBegan(t *testing.T) {
	issuer, cfg := j.New(t)
	j.withdrawn(t, issuer, j.order(t, cfg, keys(t)["EC"]))
}

func (j *judge) withdrawn(t *testing.T, issuer vault.Issuer, o vault.Order) {
	t.Helper()
	canceler, ok := issuer.(vault.Canceler)
	if !ok {
		return // optional by contract
	}
	for _, time := range []string{"first", "second"} {
		if p, err := j.cancel(t, canceler, o); err != nil || !p.Cancelled {
			t.Errorf("the %s cancel: %s; want cancelled", time, shown(p, err))
		}
	}
}

// garbage hands in states that no step ever saved, as from a broken row or a
// version of the program to come. An issuer says that it cannot read them, or
// begins anew; it does not refuse the user's order for them.
func (j *judge) garbage(t *testing.T) {
	states := []string{"garbage", "\x00\xff\xfe", "{", "null", "{}", "[]", "7", `"sent?"`, `{"version":99}`}
	issuer, cfg := j.New(t)
	if p, err := j.step(t, issuer, j.order(t, cfg, keys(t)["EC"])); err == nil && len(p.State) > 1 {
		states = append(states, string(p.State[:len(p.State)/2]))
	}
	for _, state := range states {
		issuer, cfg := j.New(t)
		o := j.order(t, cfg, keys(t)["EC"])
		o.State = []byte(state)
		unharmed(t, state, func() {
			if p, err := j.step(t, issuer, o); p.Failure != nil || p.Cancelled {
				t.Errorf("state %q: %s; want an error or a fresh start", state, shown(p, err))
			}
		})
		if canceler, ok := issuer.(vault.Canceler); ok {
			unharmed(t, state, func() { _, _ = j.cancel(t, canceler, o) })
		}
	}
}

// unharmed reports a panic as a failure of the test.
func unharmed(t *testing.T, state string, call func()) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("state %q: panic: %v", state, r)
		}
	}()
	call()
}
