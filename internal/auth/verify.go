package auth

import (
	"context"
	"time"

	"certwright/internal/vault"
)

// verify returns what a token says if it is good; a refusal if it is not. A
// token that was verified is known until it ends or its issuer's keys change.
func (v *Verifier) verify(ctx context.Context, text string) (*verified, error) {
	digest := digestOf(text)
	now := v.clock.Now()
	if was, ok := v.known.Get(digest); ok {
		if now.Before(was.until) && was.generation == was.issuer.keys.Generation(ctx, now) {
			return was, nil
		}
		v.known.Remove(digest)
	}
	t, i, err := v.read(text)
	if err != nil {
		return nil, err
	}
	is, err := v.check(ctx, t, i, i.isMeant)
	if err == nil {
		v.known.Add(digest, is)
	}
	return is, err
}

// Federated returns whom a token names that a client shows to the token service
// as its own (RFC 7523), and whom it is meant for, which is the token service's
// to judge. Only tokens of issuers that the configuration lets stand for clients
// are good for that.
func (v *Verifier) Federated(ctx context.Context, text string) (who vault.Caller, audiences []string, err error) {
	t, i, err := v.read(text)
	if err != nil {
		return who, nil, err
	}
	if !i.federation {
		return who, nil, vault.ForeignIssuer([]string{"those with federation: true"}, t.issuer)
	}
	is, err := v.check(ctx, t, i, func(found []string) error { audiences = found; return nil })
	if err != nil {
		return who, nil, err
	}
	if is.bound.any {
		return who, nil, vault.BadTokenClaims("The token is bound to a key (cnf), which cannot be proved here.")
	}
	return is.who, audiences, nil
}

// IDToken returns whom an id_token names that an issuer made for a client of this
// server (OpenID Connect Core 1.0 section 3.1.3.7), its nonce, and when he showed
// the issuer who he is, if it says that.
func (v *Verifier) IDToken(ctx context.Context, text, issuerURL, audience string) (who vault.Caller, nonce string, shown time.Time, err error) {
	t, i, err := v.read(text)
	if err != nil {
		return who, "", shown, err
	}
	if t.issuer != issuerURL {
		return who, "", shown, vault.ForeignIssuer([]string{issuerURL}, t.issuer)
	}
	is, err := v.check(ctx, t, i, func(found []string) error {
		if len(found) != 1 || found[0] != audience {
			return vault.ForeignAudience([]string{audience}, found)
		}
		return nil
	})
	if err != nil {
		return who, "", shown, err
	}
	keys, _ := i.keys.Keys(ctx, t.kid)
	c, err := t.verify(candidates(keys, t.kid, t.algorithm))
	if err != nil {
		return who, "", shown, err
	}
	if shown, _, err = c.moment("auth_time"); err != nil {
		return who, "", shown, err
	}
	return is.who, c.text("nonce"), shown, nil
}

// read reads a token and finds its issuer.
func (v *Verifier) read(text string) (token, *issuer, error) {
	t, err := parseToken(text, v.algorithms)
	if err != nil {
		return t, nil, err
	}
	i, ok := v.issuers[t.issuer]
	if !ok {
		return t, nil, vault.ForeignIssuer(v.urls, t.issuer)
	}
	return t, i, nil
}

// check verifies the signature first: nothing is said of the claims to who did
// not get them from the issuer.
func (v *Verifier) check(ctx context.Context, t token, i *issuer, meant func(audiences []string) error) (*verified, error) {
	keys, generation := i.keys.Keys(ctx, t.kid)
	fitting := candidates(keys, t.kid, t.algorithm)
	if len(fitting) == 0 {
		return nil, vault.UnknownTokenKey()
	}
	c, err := t.verify(fitting)
	if err != nil {
		return nil, err
	}
	until, err := v.lasts(c, i.maxAge)
	if err != nil {
		return nil, err
	}
	if err := meant(c.texts("aud")); err != nil {
		return nil, err
	}
	if err := i.follows(c); err != nil {
		return nil, err
	}
	bound, err := c.confirmation()
	if err != nil {
		return nil, err
	}
	who, err := i.caller(c)
	if err != nil {
		return nil, err
	}
	return &verified{who: who, issuer: i, generation: generation, until: until, bound: bound}, nil
}

// lasts checks the times of a token and returns when it ends.
func (v *Verifier) lasts(c claims, maxAge time.Duration) (until time.Time, err error) {
	now := v.clock.Now()
	exp, there, err := c.moment("exp")
	switch {
	case err != nil:
		return until, err
	case !there:
		return until, vault.BadTokenClaims("The token has no exp: it would be good for ever.")
	}
	if until = exp.Add(v.leeway); !now.Before(until) {
		return until, vault.TokenExpired(exp)
	}
	from := now
	for _, name := range []string{"nbf", "iat"} { // iat last: it is what the age is counted from
		at, there, err := c.moment(name)
		switch {
		case err != nil:
			return until, err
		case !there:
		case at.After(now.Add(v.leeway)):
			return until, vault.BadTokenClaims("The token's " + name + " lies in the future, " + at.UTC().Format(time.RFC3339) + "; the clocks of its issuer and of this server may differ.")
		default:
			from = at
		}
	}
	if exp.Sub(from) > maxAge+datedBack {
		return until, vault.BadTokenClaims("The token lives for longer than the " + maxAge.String() + " that this server takes (max_token_age).")
	}
	return until, nil
}
