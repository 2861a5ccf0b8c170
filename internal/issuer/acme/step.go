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

// A step is one Step or Cancel on its way.
type step struct {
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
	s := i.step(o)
	if s.state.Failure != nil {
		return s.fail(ctx, *s.state.Failure)
	}
	if err := s.signIn(ctx); err != nil {
		return vault.Progress{}, err
	}
	switch {
	case s.entry.URL == "":
		return s.register(ctx)
	case s.state.Order == "":
		return s.place(ctx)
	}
	return s.look(ctx)
}

// late reports whether it is time to save what was done so far.
func (s *step) late() bool { return clock.Real{}.Now().After(s.until) }

func (i *Issuer) step(o vault.Order) *step {
	return &step{Issuer: i, order: o, state: readState(o.State), until: clock.Real{}.Now().Add(stepTime / 2)}
}

// signIn finds the directory and the account: the one that the order was placed
// with, or that of the issuer's credentials, which may be new.
func (s *step) signIn(ctx context.Context) (err error) {
	if s.directory, err = s.Issuer.directory(ctx); err != nil {
		return err
	}
	if s.entry, err = s.own(ctx); err != nil {
		return err
	}
	if s.account, err = s.entry.account(); err != nil {
		return err
	}
	s.client = s.session(s.directory, s.pace(s.order.Issuer, s.entry))
	return nil
}

func (s *step) own(ctx context.Context) (entry, error) {
	l, _, err := s.read(ctx, s.order.Issuer)
	if err != nil {
		return entry{}, err
	}
	if s.state.Account != "" {
		if e, ok := l.find(s.Settings.Directory, byURL(s.state.Account)); ok {
			return e, nil
		}
		s.forget() // the row was lost: the order is another's now
	}
	now := login(s.order.Issuer, s.order.Password)
	if e, ok := l.find(s.Settings.Directory, byLogin(now)); ok {
		return e, nil
	}
	return s.newEntry(ctx, s.order.Issuer, now)
}

// register takes the step of making an account.
func (s *step) register(ctx context.Context) (vault.Progress, error) {
	ctx, heard := listen(ctx)
	e, err := s.enroll(ctx, s.directory, s.order.Issuer, s.order.Password, s.entry)
	if errors.Is(err, errBinding) {
		return s.fail(ctx, vault.Failure{Code: vault.IssuerFault, Message: "The certificate issuer cannot be used: " + err.Error() + "."})
	}
	if p, ok := problem(err); ok && !passes(p) {
		return s.fail(ctx, vault.Failure{Code: vault.IssuerFault, Message: "The authority refused the issuer's account: " + words(p)})
	}
	if err != nil {
		return vault.Progress{}, heard.trouble(err)
	}
	s.note("account %s is registered at %s", e.URL, s.host())
	return s.wait(soon, "The account at the authority is registered."), nil
}

// look asks where the order stands and does what that calls for.
func (s *step) look(ctx context.Context) (vault.Progress, error) {
	hearing, heard := listen(ctx)
	order, err := s.client.GetOrder(hearing, s.account, acme.Order{Location: s.state.Order})
	switch p, ok := problem(err); {
	case is(err, acme.ProblemTypeAccountDoesNotExist):
		return s.lostAccount(ctx, p)
	case err != nil && heard.gone():
		return s.restart(ctx, fmt.Sprintf("the authority does not know order %s any more", s.state.Order))
	case s.entry.Retired && is(err, acme.ProblemTypeUnauthorized):
		return s.restart(ctx, "the account that ordered it was replaced: "+words(p))
	case ok && !passes(p):
		return s.fail(ctx, vault.Failure{Code: vault.IssuerFault, Message: "The authority does not tell about the order: " + words(p)})
	case err != nil:
		return vault.Progress{}, heard.trouble(err)
	}
	order.Location = s.state.Order
	switch order.Status {
	case acme.StatusPending:
		return validation{s}.prove(ctx, order)
	case acme.StatusReady:
		return s.finalize(ctx, order)
	case acme.StatusProcessing:
		s.done(ctx)
		return s.poll(heard, "The authority is making the certificate."), nil
	case acme.StatusValid:
		return s.fetch(ctx, order)
	case acme.StatusInvalid:
		return s.invalid(ctx, order)
	}
	return s.poll(heard, fmt.Sprintf("The authority says the order is %q.", vault.Clip(order.Status, 40))), nil
}

// lostAccount makes the account anew where the authority forgot it, once.
func (s *step) lostAccount(ctx context.Context, p acme.Problem) (vault.Progress, error) {
	if s.state.Restarts > 0 {
		return s.fail(ctx, vault.Failure{Code: vault.IssuerFault, Message: "The authority does not accept the issuer's account: " + words(p)})
	}
	s.entry.URL = ""
	if _, err := s.keep(ctx, s.order.Issuer, s.entry); err != nil {
		return vault.Progress{}, err
	}
	return s.restart(ctx, "the authority does not know the account any more: "+words(p))
}

// restart places the order anew, once.
func (s *step) restart(ctx context.Context, why string) (vault.Progress, error) {
	if s.state.Restarts > 0 {
		return s.fail(ctx, vault.Failure{Code: vault.IssuerFault, Message: "The order was lost twice: " + why + "."})
	}
	s.note("%s; the order is placed anew", why)
	s.forget()
	s.state.Restarts++
	return s.wait(soon, "The order is placed anew, since "+why+"."), nil
}

// forget leaves the order behind, and keeps what must be cleaned up.
func (s *step) forget() {
	s.state.discard()
	s.state = state{Litter: s.state.Litter, Restarts: s.state.Restarts, NoReplaces: s.state.NoReplaces}
}

// note adds a line to the operation's history.
func (s *step) note(format string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, args...))
}

// wait saves and comes back after d.
func (s *step) wait(d time.Duration, detail string) vault.Progress {
	if d <= soon {
		s.state.Waiting = time.Time{}
	}
	return vault.Progress{State: s.state.bytes(), Again: d, Detail: detail, Notes: s.notes}
}

// poll comes back when the authority said, or else ever more seldom, from every
// second to every five minutes.
func (s *step) poll(heard *lastAnswer, detail string) vault.Progress {
	if s.state.Waiting.IsZero() {
		s.state.Waiting = s.order.Now
	}
	again := min(max(s.order.Now.Sub(s.state.Waiting)/8, time.Second), 5*time.Minute)
	if after := heard.After(); after > 0 {
		again = after
	}
	return s.wait(again, detail)
}

// fail ends the order, as soon as nothing that was published is left behind.
func (s *step) fail(ctx context.Context, f vault.Failure) (vault.Progress, error) {
	f.Message = vault.Clip(f.Message, 2000)
	if s.state.Failure == nil {
		s.note("%s: %s", f.Code, f.Message)
	}
	s.state.Failure = &f
	if !s.sweep(ctx) {
		return s.wait(time.Duration(s.state.Sweeps)*5*time.Second, "The order has failed: "+f.Message+" What was published for its proof is being removed."), nil
	}
	return vault.Progress{Failure: &f, Notes: s.notes}, nil
}
