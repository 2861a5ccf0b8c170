package order

import (
	"context"
	"errors"
	"fmt"
	"time"

	"certwright/internal/clock"
	"certwright/internal/engine"
	"certwright/internal/vault"
)

// Issuers are whom orders are placed at: it finds them, shows them what they may
// see, and reports what each call came to.
type Issuers struct {
	*engine.Deps
	Find   func(provider string) vault.Issuer // nil: this server has no such provider
	Called func(Call)                         // gets every call of an issuer; may be nil

	hanging hanging
}

// stepTime is how long an issuer may take for one step, in real time.
const stepTime = time.Minute

// A Choice is the issuer that a policy names, and the policy with its names as the
// issuer gets them.
type Choice struct {
	Config vault.IssuerConfig
	Issuer vault.Issuer
	Policy vault.Policy
}

// Of returns the issuer that a policy names, refusing one that is
// unknown, disabled, or of a provider this server has not.
func (i *Issuers) Of(r vault.Reader, vaultName string, policy vault.Policy) (c Choice, err error) {
	c.Config, err = r.Issuer(vaultName, policy.Issuer.Name)
	if errors.Is(err, vault.ErrNotFound) {
		return c, vault.PolicyIssuerUnknown(policy.Issuer.Name)
	}
	if err != nil {
		return c, err
	}
	if !c.Config.Enabled {
		return c, vault.PolicyIssuerDisabled(policy.Issuer.Name)
	}
	if c.Issuer = i.Find(c.Config.Provider); c.Issuer == nil {
		return c, vault.PolicyProviderUnknown(c.Config.Provider, c.Config.Name)
	}
	if c.Policy, err = fitted(policy, c.Issuer); err != nil {
		return c, err
	}
	if v, ok := c.Issuer.(vault.Validator); ok {
		return c, v.ValidatePolicy(c.Config, c.Policy)
	}
	return c, nil
}

// orderFor is what an issuer sees of an operation: the CSR, never the key.
func (i *Issuers) orderFor(op vault.Operation, cfg vault.IssuerConfig, prev []byte, now time.Time) (vault.Order, error) {
	policy, err := fitted(op.Policy, i.Find(cfg.Provider))
	if err != nil {
		policy = op.Policy // of before such subjects were refused
	}
	return i.orderWith(op, policy, cfg, prev, now)
}

// orderOf is what the issuer of an operation in progress sees of it.
func (i *Issuers) orderOf(w work, now time.Time) (vault.Order, error) {
	if w.order == nil {
		return i.orderFor(*w.o.Operation, w.cfg, w.previous, now)
	}
	o := *w.order
	o.Now = now
	return o, nil
}

// orderWith is orderFor where the policy was fitted already.
func (i *Issuers) orderWith(op vault.Operation, policy vault.Policy, cfg vault.IssuerConfig, prev []byte, now time.Time) (o vault.Order, err error) {
	o = vault.Order{ID: op.RequestID, Ref: op.Ref, CSR: op.CSR, Policy: policy, Issuer: cfg, State: op.State, Attempt: op.Attempt,
		CancelRequested: op.CancelRequested, Created: op.Created, Now: now, Previous: prev, Approval: op.Approval}
	o.Password, err = i.password(cfg)
	return o, err
}

// password opens the password of an issuer; "" where there is none.
func (i *Issuers) password(cfg vault.IssuerConfig) (vault.Hidden, error) {
	if cfg.Credentials == nil || cfg.Credentials.Password == nil {
		return "", nil
	}
	pwd, err := i.Sealer.Open(cfg.Credentials.Password, vault.IssuerBinding(cfg.Vault, cfg.Name))
	if err != nil {
		return "", fmt.Errorf("open the password of issuer %s: %w", cfg.Name, err)
	}
	return vault.Hidden(pwd), nil
}

// ask makes one call of an issuer about an order: bounded in time, told to who
// watches, and without the issuer's password in what comes back. Where ctx has
// ended nothing that was said counts.
func (i *Issuers) ask(ctx context.Context, kind string, call func(context.Context, vault.Order) (vault.Progress, error), o vault.Order) (vault.Progress, error) {
	within, stop, err := i.reach(ctx, o.Issuer.Provider)
	if err != nil {
		return vault.Progress{}, err
	}
	defer stop()
	began := realNow()
	p, err := call(within, o)
	if ctx.Err() != nil {
		return vault.Progress{}, ctx.Err()
	}
	i.called(o.Issuer.Provider, kind, began, p, err)
	if err != nil {
		return vault.Progress{}, redactError(err, o.Password)
	}
	return redacted(p, o.Password), nil
}

// called reports to who watches of a call that began at a (real) time.
func (i *Issuers) called(provider, kind string, began time.Time, p vault.Progress, err error) {
	if i.Called == nil {
		return
	}
	outcome := CallWaits
	var refusal *vault.Error
	switch {
	case errors.Is(err, vault.ErrPaced):
		outcome = CallPaced
	case errors.As(err, &refusal), err == nil && p.Failure != nil:
		outcome = CallFailed
	case err != nil:
		outcome = CallMissed
	case p.Chain != nil, p.Cancelled, kind == CallRevoke, kind == CallSuggest, kind == CallRegister:
		outcome = CallDone
	}
	i.Called(Call{Provider: provider, Kind: kind, Outcome: outcome, Took: clock.Real{}.Now().Sub(began)})
}

// unavailable is the refusal where an issuer could not be asked to do something.
func (i *Issuers) unavailable(cfg vault.IssuerConfig, what string, err error, password vault.Hidden) *vault.Error {
	text := vault.Clip(redact(err.Error(), password), 500)
	i.Log.Warn("issuer could not be asked to "+what, "vault", cfg.Vault, "issuer", cfg.Name, "error", text)
	return &vault.Error{Reason: vault.Unavailable, Code: "IssuerUnavailable", Message: "The issuer could not be asked to " + what + ": " + text}
}

// prompt reports whether an order has nothing to wait for, and what its issuer was
// shown of it to say so.
func (i *Issuers) prompt(op vault.Operation, cfg vault.IssuerConfig, prev []byte) (*vault.Order, bool) {
	immediate, ok := i.Find(cfg.Provider).(vault.Immediate)
	if !ok {
		return nil, false
	}
	o, err := i.orderFor(op, cfg, prev, i.Now())
	return &o, err == nil && immediate.IssuesAtOnce(o)
}

// givenUp is when an operation fails if its authority leaves it waiting; zero
// where it waits for ever, or cannot be asked meanwhile.
func (i *Issuers) givenUp(op vault.Operation) time.Time {
	if op.Issuer == nil {
		return time.Time{}
	}
	limiter, ok := i.Find(op.Issuer.Provider).(vault.PendingLimiter)
	if !ok || limiter.PendingLimit() <= 0 {
		return time.Time{}
	}
	return op.GivenUp(limiter.PendingLimit())
}

func (i *Issuers) revoke(ctx context.Context, rev vault.Revocation) error {
	revoker, ok := i.Find(rev.Issuer.Provider).(vault.Revoker)
	if !ok {
		return vault.NotRevocable(fmt.Sprintf("provider %s does not revoke.", rev.Issuer.Provider))
	}
	within, stop, err := i.reach(ctx, rev.Issuer.Provider)
	if err != nil {
		return i.unavailable(rev.Issuer, "revoke", err, rev.Password)
	}
	defer stop()
	began := realNow()
	err = revoker.Revoke(within, rev)
	i.called(rev.Issuer.Provider, CallRevoke, began, vault.Progress{}, err)
	var refusal *vault.Error
	if err == nil || errors.As(err, &refusal) || ctx.Err() != nil {
		return err
	}
	return i.unavailable(rev.Issuer, "revoke", err, rev.Password)
}

// suggestion asks the issuer of a version when to renew it. One that cannot be
// asked is asked again in an hour or later.
func (i *Issuers) suggestion(ctx context.Context, v vault.Version, now time.Time) (vault.Suggestion, error) {
	if v.Certificate == nil || v.Certificate.IssuerName == "" {
		return vault.Suggestion{}, vault.ErrNotFound
	}
	var cfg vault.IssuerConfig
	err := i.Store.View(ctx, func(r vault.Reader) (err error) {
		cfg, err = maker(r, v)
		return err
	})
	if err != nil {
		return vault.Suggestion{}, err
	}
	suggester, ok := i.Find(cfg.Provider).(vault.Suggester)
	if !ok {
		return vault.Suggestion{}, vault.ErrNotFound
	}
	c := vault.Issued{Issuer: cfg, Ref: v.Certificate.IssuerRef, Chain: leafFirst(v.Certificate), Now: now}
	if c.Password, err = i.password(cfg); err != nil {
		return vault.Suggestion{}, err
	}
	within, stop, err := i.reach(ctx, cfg.Provider)
	if err != nil {
		return vault.Suggestion{}, &vault.RetryError{After: time.Hour, Err: err}
	}
	defer stop()
	began := realNow()
	said, err := suggester.Suggest(within, c)
	if errors.Is(err, vault.ErrNotFound) {
		return said, err
	}
	i.called(cfg.Provider, CallSuggest, began, vault.Progress{}, err)
	if err != nil {
		return said, &vault.RetryError{After: max(retryAfter(err, 12), time.Hour), Err: redactError(err, c.Password)}
	}
	return said, nil
}
