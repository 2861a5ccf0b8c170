package order

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"certwright/internal/authority"
	"certwright/internal/certs"
	"certwright/internal/certs/dn"
	"certwright/internal/engine"
	"certwright/internal/keys"
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
func (s *Orders) Create(ctx context.Context, ref vault.Ref, in CreateInput) (vault.Operation, error) {
	for {
		op, err := s.create(ctx, ref, in)
		if !errors.Is(err, engine.ErrChanged) {
			return op, err
		}
		if ctx.Err() != nil {
			return op, ctx.Err()
		}
	}
}

func (s *Orders) create(ctx context.Context, ref vault.Ref, in CreateInput) (vault.Operation, error) {
	p, err := s.plan(ctx, ref, in)
	if err != nil {
		return vault.Operation{}, err
	}
	if err := s.stage(&p); err != nil {
		return vault.Operation{}, err
	}
	err = s.Change(ctx, ref, func(tx vault.Tx) error { return p.Store(tx) })
	if err == nil {
		s.Poke()
	}
	return p.op, err
}

// A plan is a create worked out against the stored state of revision rev.
type plan struct {
	ref    vault.Ref // spelled as the name was first typed
	rev    int64     // of the certificate's head; 0 where there is none
	head   vault.Object
	op     vault.Operation
	reuse  *vault.Version // the key to use again; nil for a new one
	issuer vault.Issuer
	due    time.Time // of the job; zero for none
	now    time.Time
}

// plan reads what is there and refuses what must not be.
func (s *Orders) plan(ctx context.Context, ref vault.Ref, in CreateInput) (plan, error) {
	p := plan{ref: ref, now: s.Now()}
	err := s.Store.View(ctx, func(r vault.Reader) error {
		head, exists, err := engine.Found(r.Object(ref))
		if err != nil {
			return err
		}
		if exists {
			p.ref, p.head, p.rev = head.Ref, head, head.Rev
		}
		if err := mayReplace(r, p.ref, head, exists); err != nil {
			return err
		}
		policy, err := s.policyFor(ref.Vault, head, exists, in, p.now)
		if err != nil {
			return err
		}
		p.op = vault.NewOperation(p.ref, policy, p.now)
		p.op.PreserveOrder, p.op.Enabled, p.op.Tags = in.PreserveOrder, in.Enabled == nil || *in.Enabled, in.Tags
		return s.planIssuer(r, &p)
	})
	return p, err
}

// mayReplace refuses a create or import over a deleted name or an operation in
// progress. A name without a head has no operation.
func mayReplace(r vault.Reader, ref vault.Ref, head vault.Object, exists bool) error {
	if !exists {
		return nil
	}
	if head.Deletion != nil {
		return vault.DeletedButRecoverable(ref)
	}
	op, pending, err := engine.Found(r.Operation(ref))
	if err != nil || !pending {
		return err
	}
	return op.MayBeReplaced()
}

// mayStart is mayReplace, and refuses a name that a plain key or secret has.
func mayStart(r vault.Reader, ref vault.Ref, head vault.Object, exists bool) error {
	if err := mayReplace(r, ref, head, exists); err != nil {
		return err
	}
	for _, kind := range []vault.Kind{vault.Keys, vault.Secrets} {
		o, taken, err := engine.Found(r.Object(ref.As(kind)))
		switch {
		case err != nil:
			return err
		case taken && o.Deletion != nil && !exists:
			return vault.DeletedButRecoverable(ref.As(kind))
		case taken && !o.Managed:
			return vault.NameInUse(ref.As(kind))
		}
	}
	return nil
}

// policyFor returns the policy of a create: the one it names with defaults
// filled in, else the stored one.
func (s *Orders) policyFor(vaultName string, head vault.Object, exists bool, in CreateInput, now time.Time) (vault.Policy, error) {
	var p, before vault.Policy
	stored := exists && head.Policy != nil
	if stored {
		before = *head.Policy
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
	return p, s.CheckPolicy(vaultName, p, before)
}

// CheckPolicy refuses a policy that no certificate can be made from, which was
// before until now. A subject that is no name is told before all else (recorded,
// of one with a bad key usage).
func (s *Orders) CheckPolicy(vaultName string, p, before vault.Policy) error {
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
func (s *Orders) planIssuer(r vault.Reader, p *plan) error {
	switch op := &p.op; {
	case op.Self():
		p.due = p.now.Add(vault.SelfDelay)
	case !op.Manual():
		cfg, issuer, err := s.Issuers.Of(r, op.Vault, op.Policy)
		if err != nil {
			return err
		}
		op.Issuer, p.issuer = &cfg, issuer
		*op = op.Noted(p.now, fmt.Sprintf("Requested of issuer %s, provider %s.", cfg.Name, cfg.Provider))
		if player, ok := issuer.(vault.Player); ok {
			*op = op.Noted(p.now, player.Plays(cfg.Provider))
		}
	}
	if p.op.Policy.Key.Reuse && p.rev != 0 && !p.head.Pending {
		return reuseKey(r, p)
	}
	return nil
}

// reuseKey picks the current version's key where it is of the kind that the policy asks for.
func reuseKey(r vault.Reader, p *plan) error {
	key, err := r.Version(p.ref.As(vault.Keys), p.head.Latest)
	if err != nil {
		return err
	}
	want, have := p.op.Policy.Key, key.Key
	if have.Size == want.Size && have.Curve == want.Curve && strings.TrimSuffix(string(have.Type), "-HSM") == strings.TrimSuffix(string(want.Type), "-HSM") {
		p.reuse = &key
	}
	return nil
}

// stage makes the key and the CSR: the slow part, outside any transaction.
func (s *Orders) stage(p *plan) error {
	key, err := s.keyFor(p)
	if err != nil {
		return err
	}
	ordered, err := fitted(p.op.Policy, p.issuer)
	if err != nil {
		return err
	}
	if p.op.CSR, err = certs.Request(key, ordered.X509); err != nil {
		return err
	}
	der, err := key.PKCS8()
	if err != nil {
		return err
	}
	if p.op.Private, err = s.Sealer.Seal(der, vault.Binding(p.op.Ref, p.op.RequestID)); err != nil {
		return err
	}
	if p.issuer == nil {
		return nil
	}
	p.due = p.now
	if prompter, ok := p.issuer.(vault.Prompter); ok {
		o, err := s.Issuers.shown(p.op, *p.op.Issuer, nil, p.now)
		if err != nil {
			return err
		}
		if prompter.Prompt(o) {
			p.due = p.now.Add(vault.SelfDelay)
		}
	}
	return nil
}

func (s *Orders) keyFor(p *plan) (keys.Key, error) {
	if p.reuse == nil {
		return s.Keys.Key(p.op.Policy.Key)
	}
	return OpenKey(s.Sealer, *p.reuse)
}

// Store writes the plan, if the state is still the one it was made for.
func (p *plan) Store(tx vault.Tx) error {
	head, exists, err := engine.Found(tx.Object(p.ref))
	if err != nil {
		return err
	}
	if head.Rev != p.rev {
		return engine.ErrChanged
	}
	if err := mayStart(tx, p.ref, head, exists); err != nil {
		return err
	}
	policy := p.op.Policy
	if !exists {
		head = vault.Object{Ref: p.ref, Pending: true, Created: p.now}
	}
	head.Policy = &policy
	if head.Pending {
		if err := p.placeholder(tx, &head); err != nil {
			return err
		}
	}
	if _, err := tx.PutObject(head); err != nil {
		return err
	}
	if exists {
		if err := dropOperation(tx, p.ref); err != nil {
			return err
		}
	}
	if _, err := tx.PutOperation(p.op); err != nil || p.due.IsZero() {
		return err
	}
	return tx.PutJob(vault.Job{Kind: vault.JobIssue, Ref: p.ref, Due: p.due})
}

// placeholder gives a certificate without any version the one that GET shows:
// disabled, with the dates it would have, under an id that is not the later
// version's (docs/contract/certificates.md).
func (p *plan) placeholder(tx vault.Tx, head *vault.Object) error {
	if head.Latest != "" {
		if err := tx.DeleteVersion(p.ref, head.Latest); err != nil {
			return err
		}
	}
	head.Latest = vault.NewID()
	valid := authority.ForMonths(p.op.Policy.X509.ValidityMonths, p.now)
	return tx.PutVersion(vault.Version{Ref: p.ref, ID: head.Latest, Pending: true, Tags: p.op.Tags,
		Attributes: vault.Attributes{NotBefore: valid.From, Expires: valid.To, Created: p.now, Updated: p.now}})
}
