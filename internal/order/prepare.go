package order

import (
	"certwright/internal/authority"
	"certwright/internal/certs"
	"certwright/internal/keys"
	"certwright/internal/vault"
)

// prepare makes the key and the CSR: the slow part, outside any transaction.
func (s *plans) prepare(p *plan) error {
	key, err := s.keyFor(p)
	if err != nil {
		return err
	}
	if p.op.CSR, err = certs.Request(key, p.ordered.X509); err != nil {
		return err
	}
	der, err := key.PKCS8()
	if err != nil {
		return err
	}
	if p.op.Private, err = s.Sealer.Seal(der, vault.Binding(p.op.Ref, p.op.RequestID)); err != nil {
		return err
	}
	if p.op.Self() {
		return s.signSelf(p, key)
	}
	if p.issuer == nil {
		return nil
	}
	p.due = p.now
	if immediate, ok := p.issuer.(vault.Immediate); ok {
		o, err := s.Issuers.orderWith(p.op, p.ordered, *p.op.Issuer, nil, p.now)
		if err != nil {
			return err
		}
		if immediate.IssuesAtOnce(o) {
			p.due = p.now.Add(vault.SelfDelay)
		}
	}
	return nil
}

func (s *plans) keyFor(p *plan) (keys.Key, error) {
	if p.reuse == nil {
		return s.Keys.Key(p.op.Policy.Key)
	}
	return OpenKey(s.Sealer, *p.reuse)
}

// signSelf signs the certificate with its own key now, so that who looks first
// has only to be shown it. Until then a cancel still wins.
func (s *plans) signSelf(p *plan, key keys.Key) error {
	made, err := s.selfSigned(p.op, key, p.now)
	p.op.Staged = &made.Version
	return err
}

// PutOn puts the operation on the object that it was worked out for.
func (p *plan) PutOn(o *vault.Object) {
	policy, op := p.op.Policy, p.op
	o.Policy, o.Operation = &policy, &op
	if o.Rev == 0 || o.Pending() {
		o.Latest = vault.NewID() // not the later version's (docs/contract/certificates.md)
		valid := authority.ForMonths(policy.X509.ValidityMonths, p.now)
		o.Placeholder = &vault.Placeholder{Tags: op.Tags,
			Attributes: vault.Attributes{NotBefore: valid.From, Expires: valid.To, Created: p.now, Updated: p.now}}
	}
	o.DropJob(vault.JobIssue)
	if !p.due.IsZero() {
		o.SetJob(vault.JobIssue, p.due)
	}
}

// fitted is a policy with its names as they go into the request: what an issuer
// orders stands among the alternative names. issuer is nil where this
// server has no such provider any more; Self and Unknown do not come here.
func fitted(policy vault.Policy, issuer vault.Issuer) (vault.Policy, error) {
	x, err := certs.Fitted(policy.X509)
	if err == nil && issuer != nil {
		x, err = certs.WithSubject(x)
	}
	if err != nil {
		return policy, err
	}
	if n, ok := issuer.(vault.Namer); ok {
		for _, name := range n.Names(x) {
			x.SANs = certs.WithDNS(x.SANs, name)
		}
	}
	policy.X509 = x
	return policy, nil
}
