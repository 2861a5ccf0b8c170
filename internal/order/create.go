package order

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"certwright/internal/certs"
	"certwright/internal/certs/dn"
	"certwright/internal/engine"
	"certwright/internal/policy"
	"certwright/internal/vault"
)

// CreateInput asks for a new certificate or a new version of one.
type CreateInput struct {
	Policy        *policy.Patch // nil: the stored policy
	Enabled       *bool
	Tags          map[string]string
	PreserveOrder bool
}

// Create stores a pending operation with its CSR and the job that takes it on.
// The answer is always in progress, even where nothing is left to wait for
// (docs/contract/connecting.md).
func (s *Orders) Create(ctx context.Context, ref vault.Ref, in CreateInput) (op vault.Operation, err error) {
	err = engine.Again(ctx, func() (err error) {
		op, err = s.create(ctx, ref, in)
		return err
	})
	return op, err
}

func (s *Orders) create(ctx context.Context, ref vault.Ref, in CreateInput) (vault.Operation, error) {
	p, err := s.planned(ctx, ref, in)
	if err != nil {
		return vault.Operation{}, err
	}
	if err := s.prepare(&p); err != nil {
		return vault.Operation{}, err
	}
	err = s.Change(ctx, ref, func(tx vault.Tx) error {
		o := p.o
		if err := s.MayGrow(tx, o); err != nil {
			return err
		}
		p.PutOn(&o)
		return put(tx, &o)
	})
	if err == nil && !p.due.IsZero() {
		s.PokeAt(p.due)
	}
	return p.op, err
}

// put stores a certificate. Where its name is a plain key's or secret's the
// refusal says so.
func put(tx vault.Tx, o *vault.Object) error {
	err := tx.PutObject(o)
	if !errors.Is(err, vault.ErrStale) || o.Rev != 0 {
		return err
	}
	if refusal := mayShare(tx, o.Ref); refusal != nil {
		return refusal
	}
	return err
}

// plans work out creates and renewals.
type plans struct {
	*versions
	Keys    KeySource
	Issuers *Issuers
}

// A plan is a create worked out against an object as it was read.
type plan struct {
	o       vault.Object // Rev 0: there is none yet
	op      vault.Operation
	reuse   *vault.Version // the key to use again; nil for a new one
	issuer  vault.Issuer
	ordered vault.Policy // as its issuer gets it, names fitted; of Self and Unknown as typed: certs fits those
	due     time.Time    // of the job; zero for none
	now     time.Time
}

// planned reads what is there, refuses what must not be, and works out the rest.
func (s *plans) planned(ctx context.Context, ref vault.Ref, in CreateInput) (plan, error) {
	p := plan{now: s.Now()}
	err := s.Store.View(ctx, func(r vault.Reader) (err error) {
		if p.o, _, err = engine.Found(r.Object(ref)); err != nil {
			return err
		}
		if p.o.Rev == 0 {
			p.o = vault.Object{Ref: ref, Created: p.now}
		}
		if err := mayReplace(p.o); err != nil {
			return err
		}
		policy, err := s.policyFor(p.o, in, p.now)
		if err != nil {
			return err
		}
		p.op = vault.NewOperation(p.o.Ref, policy, p.now)
		p.op.PreserveOrder, p.op.Enabled, p.op.Tags = in.PreserveOrder, in.Enabled == nil || *in.Enabled, in.Tags
		return s.planIssuer(r, &p)
	})
	return p, err
}

// mayReplace refuses a create or import over a deleted name or an operation in progress.
func mayReplace(o vault.Object) error {
	switch {
	case o.Deletion != nil:
		return vault.DeletedButRecoverable(o.Ref)
	case o.Operation != nil:
		return o.Operation.MayBeReplaced()
	}
	return nil
}

// mayShare refuses a new certificate under a name that a plain key or secret has.
func mayShare(r vault.Reader, ref vault.Ref) error {
	for _, kind := range []vault.Kind{vault.Keys, vault.Secrets} {
		o, taken, err := engine.Found(r.Object(ref.As(kind)))
		switch {
		case err != nil:
			return err
		case taken && o.Managed: // a certificate came meanwhile
			return nil
		case taken && o.Deletion != nil:
			return vault.DeletedButRecoverable(ref.As(kind))
		case taken:
			return vault.NameInUse(ref.As(kind))
		}
	}
	return nil
}

// policyFor returns the policy of a create: the one it names with defaults
// filled in, else the stored one.
func (s *plans) policyFor(o vault.Object, in CreateInput, now time.Time) (vault.Policy, error) {
	var p, before vault.Policy
	stored := o.Policy != nil
	if stored {
		before = *o.Policy
	}
	switch {
	case in.Policy != nil:
		p = policy.New(*in.Policy, now)
		if stored {
			p.Created = before.Created
		}
	case stored:
		p = before
	default:
		return p, vault.Bad("policy is missing; the first version of a certificate needs one.")
	}
	return p, s.CheckPolicy(o.Vault, p, before)
}

// CheckPolicy refuses a policy that no certificate can be made from, which was
// before until now. A subject that is no name is told before all else (recorded,
// of one with a bad key usage).
func (s *plans) CheckPolicy(vaultName string, p, before vault.Policy) error {
	if len(p.X509.Subject) <= policy.MaxSubject {
		if _, err := dn.Parse(p.X509.Subject); err != nil {
			return err
		}
	}
	if err := policy.Check(p, before, s.Settings(vaultName)); err != nil {
		return err
	}
	_, err := certs.Fitted(p.X509)
	return err
}

// planIssuer finds who issues, when the job is due, and which key to use again.
func (s *plans) planIssuer(r vault.Reader, p *plan) error {
	p.ordered = p.op.Policy
	switch op := &p.op; {
	case op.Self():
		p.due = p.now.Add(vault.SelfDelay)
	case !op.Manual():
		choice, err := s.Issuers.Of(r, op.Vault, op.Policy)
		if err != nil {
			return err
		}
		cfg, issuer := choice.Config, choice.Issuer
		op.Issuer, p.issuer, p.ordered = &cfg, issuer, choice.Policy
		*op = op.Noted(p.now, fmt.Sprintf("Requested of issuer %s, provider %s.", cfg.Name, cfg.Provider))
		if player, ok := issuer.(vault.Player); ok {
			*op = op.Noted(p.now, player.Plays(cfg.Provider))
		}
	}
	if p.op.Policy.Key.Reuse && p.o.Rev != 0 && !p.o.Pending() {
		return reuseKey(r, p)
	}
	return nil
}

// reuseKey picks the current version's key where it is of the kind that the policy asks for.
func reuseKey(r vault.Reader, p *plan) error {
	key, err := r.Version(p.o.Ref.As(vault.Keys), p.o.Latest)
	if err != nil {
		return err
	}
	want, have := p.op.Policy.Key, key.Key
	if have.Size == want.Size && have.Curve == want.Curve && strings.TrimSuffix(string(have.Type), "-HSM") == strings.TrimSuffix(string(want.Type), "-HSM") {
		p.reuse = &key
	}
	return nil
}
