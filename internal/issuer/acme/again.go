package acme

import (
	"context"
	"fmt"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"certwright/internal/vault"
)

// An authority that looked in vain need not give up: it may leave the challenge
// pending, with its reason, and look again only when it is told to (RFC 8555
// section 8.2; step-ca does for dns-01). It is told maxTries times, after a
// quarter of a minute and then ever more seldom, some two hours in all: as long
// as name servers remember that a name is not there.
const (
	maxTries     = 10
	firstRetry   = 15 * time.Second
	longestRetry = 30 * time.Minute
)

// of finds the proof's challenge in its authorization.
func (p *proof) of(a acme.Authorization) (acme.Challenge, bool) {
	for _, c := range a.Challenges {
		if c.URL == p.Challenge {
			return c, true
		}
	}
	return acme.Challenge{}, false
}

// insist looks at a challenge that is not settled, and has the authority look
// again when it is time to. A challenge in process is the authority's own to
// try again. A failure says that there was no use in it.
func (v validation) insist(ctx context.Context, p *proof, a acme.Authorization) (*vault.Failure, error) {
	c, ok := p.of(a)
	if !ok {
		return nil, nil
	}
	if c.Error != nil {
		p.Said = said(*c.Error)
	}
	switch {
	case c.Status != acme.StatusPending:
		p.Retry = time.Time{}
		return nil, nil
	case p.Retry.IsZero() && c.Error != nil:
		return v.missed(p, *c.Error), nil
	case p.Retry.IsZero() || v.order.Now.Before(p.Retry):
		return nil, nil
	}
	return v.repeat(ctx, p)
}

// repeat posts to a challenge again, if the proof can be seen by ourselves;
// whether it is still there costs no try.
func (v validation) repeat(ctx context.Context, p *proof) (*vault.Failure, error) {
	ok, again, err := v.Solver.Ready(ctx, p.Record, p.Presented, v.order.Now)
	if err != nil {
		return nil, fmt.Errorf("see whether the %s for %s is there: %w", what(p.Record), p.Name, err)
	}
	if !ok {
		p.Retry, v.unseenYet = v.order.Now.Add(max(again, firstRetry)), v.unseen(ctx, p.Record)
		return nil, nil
	}
	p.Retry, v.state.Waiting = time.Time{}, time.Time{}
	return v.post(ctx, p)
}

// missed counts a look that was in vain; a failure after the last.
func (v validation) missed(p *proof, why acme.Problem) *vault.Failure {
	p.Tries, p.Said = max(p.Tries, 0)+1, said(why)
	if p.Tries > maxTries {
		return &vault.Failure{Code: blame(why), Message: fmt.Sprintf("%s%s, and looked %d times: %s", invalidated, p.Name, p.Tries, words(why))}
	}
	wait := min(firstRetry<<(p.Tries-1), longestRetry)
	p.Retry = v.order.Now.Add(wait)
	v.note("the authority could not validate %s: %s; it is told to look again in %s (%d of %d)", p.Name, p.Said, wait, p.Tries, maxTries)
	return nil
}

// said are the authority's words as they are kept with a proof.
func said(p acme.Problem) string { return vault.Clip(words(p), 300) }

// giveUp ends an order whose proofs nobody takes, with the authorizations that
// it leaves open at the authority.
func (v validation) giveUp(ctx context.Context, f *vault.Failure, err error) (vault.Progress, error) {
	if err != nil {
		return vault.Progress{}, err
	}
	for _, p := range v.state.Proofs {
		if p.Valid || v.late() {
			continue
		}
		if err := v.deactivate(ctx, p.Authorization); err != nil {
			v.note("the authorization of %s stays open until it expires: %v", p.Name, err)
		}
	}
	return v.fail(ctx, *f)
}

// patiently comes back in time for the next look, unless the authority said
// when. Nobody is asked before it where there is nothing else to wait for.
func (v validation) patiently(heard *lastAnswer, p vault.Progress) vault.Progress {
	var next time.Time
	rest := true // all that is open waits for its next look
	for _, q := range v.state.Proofs {
		if q.Valid {
			continue
		}
		rest = rest && !q.Retry.IsZero()
		if !q.Retry.IsZero() && (next.IsZero() || q.Retry.Before(next)) {
			next = q.Retry
		}
	}
	if next.IsZero() {
		return p
	}
	if wait := max(next.Sub(v.order.Now), time.Second); heard.After() == 0 && (rest || wait < p.Again) {
		p.Again = min(wait, 5*time.Minute)
	}
	if v.unseenYet != "" {
		p.Detail += " " + v.unseenYet
		return p
	}
	p.Detail += " It is told to look again at " + next.UTC().Format("15:04:05") + " UTC."
	return p
}
