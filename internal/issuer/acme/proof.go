package acme

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mholt/acmez/v3/acme"

	"certwright/internal/challenge"
	"certwright/internal/vault"
)

// batch is how many authorizations are read in one step.
const batch = 25

// prove takes a pending order one step towards ready: look at its
// authorizations, publish the proofs, wait until they can be seen, tell the
// authority, wait for its word.
func (w *walk) prove(ctx context.Context, order acme.Order) (vault.Progress, error) {
	if urls := w.state.unread(order.Authorizations); len(urls) > 0 {
		return w.collect(ctx, urls[:min(len(urls), batch)])
	}
	if slices.ContainsFunc(w.state.Proofs, func(p proof) bool { return p.Presented.IsZero() }) {
		return w.present(ctx)
	}
	if slices.ContainsFunc(w.state.Proofs, func(p proof) bool { return !p.Accepted }) {
		return w.accept(ctx)
	}
	return w.verdict(ctx)
}

// collect reads authorizations and saves which proofs they take, before
// anything is published. Those already valid take none.
func (w *walk) collect(ctx context.Context, urls []string) (vault.Progress, error) {
	for _, url := range urls {
		hearing, heard := listen(ctx)
		a, err := w.client.GetAuthorization(hearing, w.account, url)
		if err != nil {
			return w.unread(ctx, heard, err)
		}
		if a.Status != acme.StatusPending {
			w.state.Settled = append(w.state.Settled, url)
			w.note("the authorization of %s is %s already", a.IdentifierValue(), a.Status)
			continue
		}
		p, why := w.proof(a)
		if why != "" {
			return w.fail(ctx, vault.Failure{Code: vault.IssuerFault, Message: why})
		}
		w.state.Proofs = append(w.state.Proofs, p)
	}
	return w.wait(soon, "The authority wants to see who controls the names."), nil
}

// unread answers for an authorization that cannot be read.
func (w *walk) unread(ctx context.Context, heard *ear, err error) (vault.Progress, error) {
	if p, ok := problem(err); heard.gone() || ok && !passes(p) {
		why := "the authority does not tell about an authorization"
		if ok {
			why += ": " + words(p)
		}
		return w.restart(ctx, why)
	}
	return vault.Progress{}, heard.trouble(err)
}

// proof picks the challenge of an authorization that we solve; why not, if
// there is none.
func (w *walk) proof(a acme.Authorization) (p proof, why string) {
	name := a.IdentifierValue()
	if w.Solver == nil {
		return proof{}, fmt.Sprintf("The authority wants a proof for %s, and no solver is configured for provider %s.", name, w.Name)
	}
	if !w.requests(a.Identifier) {
		return proof{}, fmt.Sprintf("The authority wants a proof for %s, which was not asked for.", vault.Clip(name, 100))
	}
	var offered []string
	for _, c := range a.Challenges {
		offered = append(offered, c.Type)
		if c.Type != w.Solver.Type() {
			continue
		}
		r, err := record(a.Identifier.Value, c.Type, c.Token, w.account.PrivateKey)
		if err != nil {
			return proof{}, sentence(err)
		}
		return proof{Authorization: a.Location, Name: name, Challenge: c.URL, Record: r}, ""
	}
	return proof{}, fmt.Sprintf("The authority does not take %s as proof for %s, only: %s.", w.Solver.Type(), name, strings.Join(offered, ", "))
}

// present publishes the proofs, as many as there is time for.
func (w *walk) present(ctx context.Context) (vault.Progress, error) {
	for n := range w.state.Proofs {
		p := &w.state.Proofs[n]
		if !p.Presented.IsZero() {
			continue
		}
		if w.late() {
			break
		}
		err := w.Solver.Present(ctx, p.Record)
		if errors.Is(err, challenge.ErrUnfit) {
			return w.fail(ctx, vault.Failure{Code: vault.IssuerFault, Message: sentence(err)})
		}
		if err != nil {
			return vault.Progress{}, fmt.Errorf("publish the %s for %s: %w", what(p.Record), p.Name, err)
		}
		p.Presented = w.order.Now
		w.note("the %s for %s was published", what(p.Record), p.Name)
	}
	return w.wait(soon, "The proofs for the authority are being published."), nil
}

// accept tells the authority to look, when all proofs can be seen.
func (w *walk) accept(ctx context.Context) (vault.Progress, error) {
	for n := range w.state.Proofs {
		p := &w.state.Proofs[n]
		if p.Accepted {
			continue
		}
		ok, again, err := w.Solver.Ready(ctx, p.Record, p.Presented, w.order.Now)
		if errors.Is(err, challenge.ErrUnfit) {
			return w.fail(ctx, vault.Failure{Code: vault.IssuerFault, Message: sentence(err)})
		}
		if err != nil {
			return vault.Progress{}, fmt.Errorf("see whether the %s for %s is there: %w", what(p.Record), p.Name, err)
		}
		if !ok {
			return w.wait(max(again, soon), w.unseen(ctx, p.Record)), nil
		}
	}
	for n := range w.state.Proofs {
		p := &w.state.Proofs[n]
		if p.Accepted {
			continue
		}
		if w.late() {
			break
		}
		if f, err := w.tell(ctx, p); f != nil || err != nil {
			return w.giveUp(ctx, f, err)
		}
	}
	return w.wait(soon, w.unproved()), nil
}

// tell posts to a challenge, unless it was posted to before: a second post is
// an error at some authorities.
func (w *walk) tell(ctx context.Context, p *proof) (*vault.Failure, error) {
	hearing, heard := listen(ctx)
	a, err := w.client.GetAuthorization(hearing, w.account, p.Authorization)
	if err != nil {
		return nil, heard.trouble(err)
	}
	p.Accepted = true
	if c, ok := p.of(a); ok && a.Status == acme.StatusPending && c.Status == acme.StatusPending {
		return w.post(ctx, p)
	}
	w.note("the authority was told to look at the %s for %s", what(p.Record), p.Name)
	return nil, nil
}

// post says that a proof can be looked at. One that the authority does not take
// is posted again later, as if it had looked in vain.
func (w *walk) post(ctx context.Context, p *proof) (*vault.Failure, error) {
	ctx, heard := listen(ctx)
	_, err := w.client.InitiateChallenge(ctx, w.account, acme.Challenge{URL: p.Challenge})
	if trouble, ok := problem(err); ok && !passes(trouble) {
		return w.missed(p, trouble), nil
	}
	if err != nil {
		return nil, heard.trouble(err)
	}
	w.note("the authority was told to look at the %s for %s", what(p.Record), p.Name)
	return nil, nil
}

// verdict asks what became of the proofs.
func (w *walk) verdict(ctx context.Context) (vault.Progress, error) {
	hearing, heard := listen(ctx)
	for n, read := 0, 0; n < len(w.state.Proofs) && read < batch && !w.late(); n++ {
		p := &w.state.Proofs[n]
		if p.Valid {
			continue
		}
		read++
		a, err := w.client.GetAuthorization(hearing, w.account, p.Authorization)
		if err != nil {
			return w.unread(ctx, heard, err)
		}
		if problem, ok := failed(a); ok {
			return w.fail(ctx, vault.Failure{Code: blame(problem), Message: invalidated + p.Name + ": " + words(problem)})
		}
		switch a.Status {
		case acme.StatusValid:
			p.Valid = true
			w.note("the authority has validated %s", p.Name)
		case acme.StatusPending:
			if f, err := w.insist(ctx, p, a); f != nil || err != nil {
				return w.giveUp(ctx, f, err)
			}
		default:
			w.note("the authorization of %s is %s", p.Name, a.Status)
		}
	}
	return w.patiently(heard, w.poll(heard, w.unproved())), nil
}

// unproved says which names the authority has not validated yet, and why.
func (w *walk) unproved() string {
	var names []string
	for _, p := range w.state.Proofs {
		switch {
		case p.Valid:
		case p.Said != "":
			names = append(names, fmt.Sprintf("%s (%s; the authority said: %s)", p.Name, what(p.Record), p.Said))
		default:
			names = append(names, fmt.Sprintf("%s (%s)", p.Name, what(p.Record)))
		}
	}
	if len(names) == 0 {
		return "The authority has validated all names; the order waits to become ready."
	}
	return "Waiting for the authority to validate " + some(names) + "."
}

// some lists the first few of many.
func some(names []string) string {
	if len(names) <= maxNamed {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:maxNamed], ", "), len(names)-maxNamed)
}

// maxNamed is how many names a sentence lists.
const maxNamed = 5

// sentence is an error as a sentence for people.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// failed returns why an authorization is invalid.
func failed(a acme.Authorization) (acme.Problem, bool) {
	if a.Status != acme.StatusInvalid {
		return acme.Problem{}, false
	}
	for _, c := range a.Challenges {
		if c.Error != nil {
			return *c.Error, true
		}
	}
	return acme.Problem{}, false
}

// what names a record for people.
func what(r challenge.Record) string {
	if r.Type == challenge.DNS01 {
		return "DNS record " + strings.TrimSuffix(r.Name, ".")
	}
	return "file /.well-known/acme-challenge/" + r.Name
}

// unseen says what a record that is not ready waits for.
func (w *walk) unseen(ctx context.Context, r challenge.Record) string {
	if t, ok := w.Solver.(challenge.Teller); ok {
		if text := t.WaitsFor(ctx, r); text != "" {
			return "Waiting for " + strings.TrimSuffix(text, ".") + "."
		}
	}
	return fmt.Sprintf("Waiting for the %s to be seen by the authority.", what(r))
}
