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

// A validation is the part of a step that proves names to the authority.
type validation struct{ *step }

// prove takes a pending order one step towards ready: look at its
// authorizations, publish the proofs, wait until they can be seen, tell the
// authority, wait for its word.
func (v validation) prove(ctx context.Context, order acme.Order) (vault.Progress, error) {
	if urls := v.state.unread(order.Authorizations); len(urls) > 0 {
		return v.collect(ctx, urls[:min(len(urls), batch)])
	}
	if slices.ContainsFunc(v.state.Proofs, func(p proof) bool { return p.Presented.IsZero() }) {
		return v.present(ctx)
	}
	if slices.ContainsFunc(v.state.Proofs, func(p proof) bool { return !p.Accepted }) {
		return v.accept(ctx)
	}
	return v.verdict(ctx)
}

// collect reads authorizations and saves which proofs they take, before
// anything is published. Those already valid take none.
func (v validation) collect(ctx context.Context, urls []string) (vault.Progress, error) {
	for _, url := range urls {
		hearing, heard := listen(ctx)
		a, err := v.client.GetAuthorization(hearing, v.account, url)
		if err != nil {
			return v.unread(ctx, heard, err)
		}
		if a.Status != acme.StatusPending {
			v.state.Settled = append(v.state.Settled, url)
			v.note("the authorization of %s is %s already", a.IdentifierValue(), a.Status)
			continue
		}
		p, why := v.proof(a)
		if why != "" {
			return v.fail(ctx, vault.Failure{Code: vault.IssuerFault, Message: why})
		}
		v.state.Proofs = append(v.state.Proofs, p)
	}
	return v.wait(soon, "The authority wants to see who controls the names."), nil
}

// unread answers for an authorization that cannot be read.
func (v validation) unread(ctx context.Context, heard *lastAnswer, err error) (vault.Progress, error) {
	if p, ok := problem(err); heard.gone() || ok && !passes(p) {
		why := "the authority does not tell about an authorization"
		if ok {
			why += ": " + words(p)
		}
		return v.restart(ctx, why)
	}
	return vault.Progress{}, heard.trouble(err)
}

// proof picks the challenge of an authorization that we solve; why not, if
// there is none.
func (v validation) proof(a acme.Authorization) (p proof, why string) {
	name := a.IdentifierValue()
	if v.Solver == nil {
		return proof{}, fmt.Sprintf("The authority wants a proof for %s, and no solver is configured for provider %s.", name, v.Name)
	}
	if !v.requests(a.Identifier) {
		return proof{}, fmt.Sprintf("The authority wants a proof for %s, which was not asked for.", vault.Clip(name, 100))
	}
	var offered []string
	for _, c := range a.Challenges {
		offered = append(offered, c.Type)
		if c.Type != v.Solver.Type() {
			continue
		}
		r, err := record(a.Identifier.Value, c.Type, c.Token, v.account.PrivateKey)
		if err != nil {
			return proof{}, sentence(err)
		}
		return proof{Authorization: a.Location, Name: name, Challenge: c.URL, Record: r}, ""
	}
	return proof{}, fmt.Sprintf("The authority does not take %s as proof for %s, only: %s.", v.Solver.Type(), name, strings.Join(offered, ", "))
}

// present publishes the proofs, as many as there is time for.
func (v validation) present(ctx context.Context) (vault.Progress, error) {
	for n := range v.state.Proofs {
		p := &v.state.Proofs[n]
		if !p.Presented.IsZero() {
			continue
		}
		if v.late() {
			break
		}
		err := v.Solver.Present(ctx, p.Record)
		if errors.Is(err, challenge.ErrUnfit) {
			return v.fail(ctx, vault.Failure{Code: vault.IssuerFault, Message: sentence(err)})
		}
		if err != nil {
			return vault.Progress{}, fmt.Errorf("publish the %s for %s: %w", what(p.Record), p.Name, err)
		}
		p.Presented = v.order.Now
		v.note("the %s for %s was published", what(p.Record), p.Name)
	}
	return v.wait(soon, "The proofs for the authority are being published."), nil
}

// accept tells the authority to look, when all proofs can be seen.
func (v validation) accept(ctx context.Context) (vault.Progress, error) {
	for n := range v.state.Proofs {
		p := &v.state.Proofs[n]
		if p.Accepted {
			continue
		}
		ok, again, err := v.Solver.Ready(ctx, p.Record, p.Presented, v.order.Now)
		if errors.Is(err, challenge.ErrUnfit) {
			return v.fail(ctx, vault.Failure{Code: vault.IssuerFault, Message: sentence(err)})
		}
		if err != nil {
			return vault.Progress{}, fmt.Errorf("see whether the %s for %s is there: %w", what(p.Record), p.Name, err)
		}
		if !ok {
			return v.wait(max(again, soon), v.unseen(ctx, p.Record)), nil
		}
	}
	for n := range v.state.Proofs {
		p := &v.state.Proofs[n]
		if p.Accepted {
			continue
		}
		if v.late() {
			break
		}
		if f, err := v.tell(ctx, p); f != nil || err != nil {
			return v.giveUp(ctx, f, err)
		}
	}
	return v.wait(soon, v.unproved()), nil
}

// tell posts to a challenge, unless it was posted to before: a second post is
// an error at some authorities.
func (v validation) tell(ctx context.Context, p *proof) (*vault.Failure, error) {
	hearing, heard := listen(ctx)
	a, err := v.client.GetAuthorization(hearing, v.account, p.Authorization)
	if err != nil {
		return nil, heard.trouble(err)
	}
	p.Accepted = true
	if c, ok := p.of(a); ok && a.Status == acme.StatusPending && c.Status == acme.StatusPending {
		return v.post(ctx, p)
	}
	v.note("the authority was told to look at the %s for %s", what(p.Record), p.Name)
	return nil, nil
}

// post says that a proof can be looked at. One that the authority does not take
// is posted again later, as if it had looked in vain.
func (v validation) post(ctx context.Context, p *proof) (*vault.Failure, error) {
	ctx, heard := listen(ctx)
	_, err := v.client.InitiateChallenge(ctx, v.account, acme.Challenge{URL: p.Challenge})
	if trouble, ok := problem(err); ok && !passes(trouble) {
		return v.missed(p, trouble), nil
	}
	if err != nil {
		return nil, heard.trouble(err)
	}
	v.note("the authority was told to look at the %s for %s", what(p.Record), p.Name)
	return nil, nil
}

// verdict asks what became of the proofs.
func (v validation) verdict(ctx context.Context) (vault.Progress, error) {
	hearing, heard := listen(ctx)
	for n, read := 0, 0; n < len(v.state.Proofs) && read < batch && !v.late(); n++ {
		p := &v.state.Proofs[n]
		if p.Valid {
			continue
		}
		read++
		a, err := v.client.GetAuthorization(hearing, v.account, p.Authorization)
		if err != nil {
			return v.unread(ctx, heard, err)
		}
		if problem, ok := failed(a); ok {
			return v.fail(ctx, vault.Failure{Code: blame(problem), Message: invalidated + p.Name + ": " + words(problem)})
		}
		switch a.Status {
		case acme.StatusValid:
			p.Valid = true
			v.note("the authority has validated %s", p.Name)
		case acme.StatusPending:
			if f, err := v.insist(ctx, p, a); f != nil || err != nil {
				return v.giveUp(ctx, f, err)
			}
		default:
			v.note("the authorization of %s is %s", p.Name, a.Status)
		}
	}
	return v.patiently(heard, v.poll(heard, v.unproved())), nil
}

// unproved says which names the authority has not validated yet, and why.
func (v validation) unproved() string {
	var names []string
	for _, p := range v.state.Proofs {
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
func (v validation) unseen(ctx context.Context, r challenge.Record) string {
	if t, ok := v.Solver.(challenge.Teller); ok {
		if text := t.WaitsFor(ctx, r); text != "" {
			return "Waiting for " + strings.TrimSuffix(text, ".") + "."
		}
	}
	return fmt.Sprintf("Waiting for the %s to be seen by the authority.", what(r))
}
