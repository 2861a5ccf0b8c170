package acme

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// soon is when to go on where there is nothing to wait for.
const soon = time.Millisecond

// A walk is one Step or Cancel on its way.
type walk struct {
	*Issuer
	order     vault.Order
	state     state
	directory directory
	client    *acme.Client
	account   acme.Account
	entry     entry
	notes     []string
	until     time.Time // when to save and come back, for steps of many parts
	unseenYet string    // what a proof that is to be looked at again waits for
}

// Step implements vault.Issuer.
func (i *Issuer) Step(ctx context.Context, o vault.Order) (vault.Progress, error) {
	if err := ctx.Err(); err != nil {
		return vault.Progress{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	w := i.walk(o)
	if w.state.Failure != nil {
		return w.fail(ctx, *w.state.Failure)
	}
	if err := w.signIn(ctx); err != nil {
		return vault.Progress{}, err
	}
	switch {
	case w.entry.URL == "":
		return w.register(ctx)
	case w.state.Order == "":
		return w.place(ctx)
	}
	return w.look(ctx)
}

// late reports whether it is time to save what was done so far.
func (w *walk) late() bool { return clock.Real{}.Now().After(w.until) }

func (i *Issuer) walk(o vault.Order) *walk {
	return &walk{Issuer: i, order: o, state: readState(o.State), until: clock.Real{}.Now().Add(stepTime / 2)}
}

// signIn finds the directory and the account: the one that the order was placed
// with, or that of the issuer's credentials, which may be new.
func (w *walk) signIn(ctx context.Context) (err error) {
	if w.directory, err = w.Issuer.directory(ctx); err != nil {
		return err
	}
	if w.entry, err = w.own(ctx); err != nil {
		return err
	}
	if w.account, err = w.entry.account(); err != nil {
		return err
	}
	w.client = w.session(w.directory, w.pace(w.order.Issuer, w.entry))
	return nil
}

func (w *walk) own(ctx context.Context) (entry, error) {
	l, _, err := w.read(ctx, w.order.Issuer)
	if err != nil {
		return entry{}, err
	}
	if w.state.Account != "" {
		if e, ok := l.find(w.Settings.Directory, byURL(w.state.Account)); ok {
			return e, nil
		}
		w.forget() // the row was lost: the order is another's now
	}
	now := login(w.order.Issuer, w.order.Password)
	if e, ok := l.find(w.Settings.Directory, byLogin(now)); ok {
		return e, nil
	}
	return w.newEntry(ctx, w.order.Issuer, now)
}

// register takes the step of making an account.
func (w *walk) register(ctx context.Context) (vault.Progress, error) {
	ctx, heard := listen(ctx)
	e, err := w.enroll(ctx, w.directory, w.order.Issuer, w.order.Password, w.entry)
	if errors.Is(err, errBinding) {
		return w.fail(ctx, vault.Failure{Code: vault.IssuerFault, Message: "The certificate issuer cannot be used: " + err.Error() + "."})
	}
	if p, ok := problem(err); ok && !passes(p) {
		return w.fail(ctx, vault.Failure{Code: vault.IssuerFault, Message: "The authority refused the issuer's account: " + words(p)})
	}
	if err != nil {
		return vault.Progress{}, heard.trouble(err)
	}
	w.note("account %s is registered at %s", e.URL, w.host())
	return w.wait(soon, "The account at the authority is registered."), nil
}

// look asks where the order stands and does what that calls for.
func (w *walk) look(ctx context.Context) (vault.Progress, error) {
	hearing, heard := listen(ctx)
	order, err := w.client.GetOrder(hearing, w.account, acme.Order{Location: w.state.Order})
	switch p, ok := problem(err); {
	case is(err, acme.ProblemTypeAccountDoesNotExist):
		return w.lostAccount(ctx, p)
	case err != nil && heard.gone():
		return w.restart(ctx, fmt.Sprintf("the authority does not know order %s any more", w.state.Order))
	case w.entry.Retired && is(err, acme.ProblemTypeUnauthorized):
		return w.restart(ctx, "the account that ordered it was replaced: "+words(p))
	case ok && !passes(p):
		return w.fail(ctx, vault.Failure{Code: vault.IssuerFault, Message: "The authority does not tell about the order: " + words(p)})
	case err != nil:
		return vault.Progress{}, heard.trouble(err)
	}
	order.Location = w.state.Order
	switch order.Status {
	case acme.StatusPending:
		return w.prove(ctx, order)
	case acme.StatusReady:
		return w.finalize(ctx, order)
	case acme.StatusProcessing:
		w.done(ctx)
		return w.poll(heard, "The authority is making the certificate."), nil
	case acme.StatusValid:
		return w.fetch(ctx, order)
	case acme.StatusInvalid:
		return w.invalid(ctx, order)
	}
	return w.poll(heard, fmt.Sprintf("The authority says the order is %q.", vault.Clip(order.Status, 40))), nil
}

// lostAccount makes the account anew where the authority forgot it, once.
func (w *walk) lostAccount(ctx context.Context, p acme.Problem) (vault.Progress, error) {
	if w.state.Restarts > 0 {
		return w.fail(ctx, vault.Failure{Code: vault.IssuerFault, Message: "The authority does not accept the issuer's account: " + words(p)})
	}
	w.entry.URL = ""
	if _, err := w.keep(ctx, w.order.Issuer, w.entry); err != nil {
		return vault.Progress{}, err
	}
	return w.restart(ctx, "the authority does not know the account any more: "+words(p))
}

// restart places the order anew, once.
func (w *walk) restart(ctx context.Context, why string) (vault.Progress, error) {
	if w.state.Restarts > 0 {
		return w.fail(ctx, vault.Failure{Code: vault.IssuerFault, Message: "The order was lost twice: " + why + "."})
	}
	w.note("%s; the order is placed anew", why)
	w.forget()
	w.state.Restarts++
	return w.wait(soon, "The order is placed anew, since "+why+"."), nil
}

// forget leaves the order behind, and keeps what must be cleaned up.
func (w *walk) forget() {
	w.state.discard()
	w.state = state{Litter: w.state.Litter, Restarts: w.state.Restarts, NoReplaces: w.state.NoReplaces}
}

// note adds a line to the operation's history.
func (w *walk) note(format string, args ...any) {
	w.notes = append(w.notes, fmt.Sprintf(format, args...))
}

// wait saves and comes back after d.
func (w *walk) wait(d time.Duration, detail string) vault.Progress {
	if d <= soon {
		w.state.Waiting = time.Time{}
	}
	return vault.Progress{State: w.state.bytes(), Again: d, Detail: detail, Notes: w.notes}
}

// poll comes back when the authority said, or else ever more seldom, from every
// second to every five minutes.
func (w *walk) poll(heard *ear, detail string) vault.Progress {
	if w.state.Waiting.IsZero() {
		w.state.Waiting = w.order.Now
	}
	again := min(max(w.order.Now.Sub(w.state.Waiting)/8, time.Second), 5*time.Minute)
	if after := heard.After(); after > 0 {
		again = after
	}
	return w.wait(again, detail)
}

// fail ends the order, as soon as nothing that was published is left behind.
func (w *walk) fail(ctx context.Context, f vault.Failure) (vault.Progress, error) {
	f.Message = vault.Clip(f.Message, 2000)
	if w.state.Failure == nil {
		w.note("%s: %s", f.Code, f.Message)
	}
	w.state.Failure = &f
	if !w.sweep(ctx) {
		return w.wait(time.Duration(w.state.Sweeps)*5*time.Second, "The order has failed: "+f.Message+" What was published for its proof is being removed."), nil
	}
	return vault.Progress{Failure: &f, Notes: w.notes}, nil
}
