package order

import (
	"context"
	"time"

	"certwright/internal/certs"
	"certwright/internal/engine"
	"certwright/internal/keys"
	"certwright/internal/policy"
	"certwright/internal/vault"
)

// ImportInput brings a certificate and its key from outside.
type ImportInput struct {
	Value         string // base64 of a PFX, PEM text, or base64 of PEM text
	Password      vault.Hidden
	Policy        *policy.Patch
	Enabled       *bool
	Tags          map[string]string
	PreserveOrder bool
}

// Import stores a certificate with its key, brought from outside,
// as a new version. The policy is read from the certificate; what the caller
// names of issuer, lifetime, secret and exportability is kept.
func (s *Orders) Import(ctx context.Context, ref vault.Ref, in ImportInput, read Reading) error {
	now := s.Now()
	m, err := imported(ctx, ref, in, now)
	if err != nil {
		return err
	}
	if m.ref, err = s.checkImport(ctx, ref, m.policy); err != nil {
		return err
	}
	made, err := s.makeVersion(m)
	if err != nil {
		return err
	}
	return s.ChangeAnew(ctx, ref, func(tx vault.Tx) error { return s.storeImport(tx, made, m, read) })
}

func (s *Orders) storeImport(tx vault.Tx, made newVersion, m material, read Reading) error {
	o, exists, err := engine.Found(tx.Object(m.ref))
	if err != nil {
		return err
	}
	if !exists { // a version needs the row of its object; what follows puts it again
		o = vault.Object{Ref: m.ref, Created: m.now}
		if err := s.MayGrow(tx, o); err != nil {
			return err
		}
		if err := put(tx, &o); err != nil {
			return err
		}
	}
	if err := mayReplace(o); err != nil {
		return err
	}
	if exists {
		if err := s.MayGrow(tx, o); err != nil {
			return err
		}
	}
	o.Operation = nil
	o.DropJob(vault.JobIssue)
	if _, err := s.storeVersion(tx, &o, made, m.policy); err != nil {
		return err
	}
	if err := tx.PutObject(&o); err != nil {
		return err
	}
	return read(tx, o)
}

// imported reads what was brought and works out its policy.
func imported(ctx context.Context, ref vault.Ref, in ImportInput, now time.Time) (material, error) {
	patch := policy.Patch{}
	if in.Policy != nil {
		patch = in.Policy.Spelled()
	}
	contentType := vault.PKCS12
	if patch.Secret != nil && patch.Secret.ContentType != nil {
		contentType = *patch.Secret.ContentType
	}
	b, err := certs.ReadImport(ctx, in.Value, in.Password.Reveal(), contentType)
	if err != nil {
		return material{}, err
	}
	if len(b.Chain) > certs.MaxChain {
		return material{}, vault.Bad("value holds more than %d certificates.", certs.MaxChain)
	}
	leaf, err := certs.Parse(b.Chain[b.Leaf])
	if err != nil {
		return material{}, vault.BadX509().Because(err)
	}
	p := importPolicy(patch, leaf, b.Key, now)
	return material{ref: ref, key: b.Key, leaf: leaf, chain: keptChain(b.Chain, b.Leaf, in.PreserveOrder), policy: p, enabled: in.Enabled == nil || *in.Enabled,
		tags: in.Tags, preserveOrder: in.PreserveOrder, now: now}, policy.CheckImport(p)
}

// importPolicy is the caller's policy with everything that the certificate
// decides taken from the certificate (docs/contract/certificates.md).
func importPolicy(patch policy.Patch, leaf certs.Certificate, key keys.Key, now time.Time) vault.Policy {
	hsm := patch.Key != nil && patch.Key.Type != nil && patch.Key.Type.HSM()
	patch.X509 = nil
	p := policy.New(patch, now)
	p.X509 = leaf.Props()
	p.Key.Type, p.Key.Curve, p.Key.Size = key.Type(), key.Curve(), key.Size()
	if hsm {
		p.Key.Type += "-HSM"
	}
	return p
}

// checkImport refuses before the slow part what the transaction would refuse. It
// returns the name as it was first typed.
func (s *Orders) checkImport(ctx context.Context, ref vault.Ref, policy vault.Policy) (vault.Ref, error) {
	if settings := s.Settings(ref.Vault); policy.Key.Type.HSM() && !settings.Premium && !settings.HSM {
		return ref, vault.NoHSM(policy.Key.Type)
	}
	err := s.Store.View(ctx, func(r vault.Reader) error {
		o, exists, err := engine.Found(r.Object(ref))
		switch {
		case err != nil:
			return err
		case exists:
			ref = o.Ref
			err = mayReplace(o)
		default:
			err = mayShare(r, ref)
		}
		if op := (vault.Operation{IssuerName: policy.Issuer.Name}); err != nil || op.Self() || op.Manual() {
			return err
		}
		_, err = s.Issuers.Of(r, ref.Vault, policy)
		return err
	})
	return ref, err
}
