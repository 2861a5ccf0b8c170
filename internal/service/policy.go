package service

import (
	"context"
	"errors"

	"certwright/internal/engine"
	"certwright/internal/policy"
	"certwright/internal/vault"
)

// GetPolicy returns the policy of a certificate.
func (s *Certificates) GetPolicy(ctx context.Context, who vault.Caller, ref vault.Ref) (vault.Policy, error) {
	if err := s.enter(ctx, who, actions[vault.Certificates].get, ref); err != nil {
		return vault.Policy{}, err
	}
	var p vault.Policy
	err := s.Store.View(ctx, func(r vault.Reader) error {
		head, err := engine.Existing(r, ref)
		if err == nil {
			p = *head.Policy
		}
		return err
	})
	return p, err
}

// UpdatePolicy changes the members of the policy that were sent. It issues
// nothing: the next version follows it.
func (s *Certificates) UpdatePolicy(ctx context.Context, who vault.Caller, ref vault.Ref, patch policy.Patch) (vault.Policy, error) {
	if err := s.enter(ctx, who, actions[vault.Certificates].update, ref); err != nil {
		return vault.Policy{}, err
	}
	now := s.Now()
	var p vault.Policy
	err := s.editLive(ctx, ref, func(tx vault.Tx, o *vault.Object) error {
		p = policy.Apply(*o.Policy, patch, now)
		if err := s.checkPatched(tx, *o, p, patch); err != nil {
			return err
		}
		next := p
		o.Policy = &next
		return s.Scheduler.PolicyChanged(tx, o)
	})
	if err == nil {
		s.Poke() // something may be due by the new policy
	}
	return p, err
}

// checkPatched refuses a policy that no certificate could be made from. What
// an import wrote into a policy and the caller left alone is not held against it.
func (s *Certificates) checkPatched(r vault.Reader, head vault.Object, p vault.Policy, patch policy.Patch) error {
	before := *head.Policy
	err := policy.CheckImport(p)
	if !policy.SameCertificate(p, before) {
		err = s.Orders.CheckPolicy(head.Vault, p, before)
	}
	if err != nil {
		return err
	}
	next := vault.Operation{IssuerName: p.Issuer.Name}
	ordered := patch.Issuer != nil || patch.X509 != nil || patch.Key != nil || patch.Lifetime != nil
	if !ordered || next.Self() || next.Manual() {
		return nil
	}
	_, err = s.Orders.Issuers.Of(r, head.Vault, p)
	named := patch.Issuer != nil && patch.Issuer.Name != nil
	if refusal := (*vault.Error)(nil); errors.As(err, &refusal) && refusal.Setup && !named {
		return nil // how its issuer is set up is mended elsewhere
	}
	return err
}
