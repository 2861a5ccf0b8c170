package order

import (
	"encoding/base64"
	"fmt"
	"time"

	"certwright/internal/certs"
	"certwright/internal/engine"
	"certwright/internal/keys"
	"certwright/internal/policy"
	"certwright/internal/renewal"
	"certwright/internal/schedule"
	"certwright/internal/vault"
)

// versions makes and stores versions; nobody else does.
type versions struct {
	*engine.Deps
	schedule *schedule.Scheduler
}

// material is all that a version is made from.
type material struct {
	ref           vault.Ref
	key           keys.Key
	chain         [][]byte // DER
	leaf          int      // the end-entity certificate in chain
	policy        vault.Policy
	enabled       bool
	tags          map[string]string
	preserveOrder bool
	issuerRef     []byte
	issuerName    string // the issuer resource that made it; "" where none did
	provider      string
	now           time.Time
}

// A newVersion is one version in its three shapes, sealed and ready to store:
// certificate, key and secret share name and id.
type newVersion struct {
	certificate, key, secret vault.Version
	suggests                 bool // its issuer may say when to renew it
}

// makeVersion does the slow part of a new version: it reads the leaf, writes
// the PFX or PEM, and seals. Issue, Self, merge, import and renewal all
// come here.
func (s *versions) makeVersion(m material) (newVersion, error) {
	leaf, err := certs.Parse(m.chain[m.leaf])
	if err != nil {
		return newVersion{}, vault.BadX509().Because(err)
	}
	id := vault.NewID()
	attrs := vault.Attributes{Enabled: m.enabled, NotBefore: leaf.NotBefore, Expires: leaf.NotAfter, Created: m.now, Updated: m.now}
	at := func(k vault.Kind, managed bool) vault.Version {
		return vault.Version{Ref: m.ref.As(k), ID: id, Attributes: attrs, Tags: m.tags, Managed: managed}
	}
	n := newVersion{certificate: at(vault.Certificates, false), key: at(vault.Keys, true), secret: at(vault.Secrets, true)}
	chain := m.chain
	if !m.preserveOrder {
		chain = certs.Order(m.chain, m.leaf)
	}
	n.certificate.Certificate = &vault.CertificateBody{Leaf: leaf.Raw, Chain: chain, Thumbprint: certs.Thumbprint(leaf.Raw),
		Subject: leaf.Subject, PreserveOrder: m.preserveOrder, IssuerRef: m.issuerRef,
		IssuerName: m.issuerName, Provider: m.provider}
	if n.key.Key, err = s.keyBody(m, id, leaf); err != nil {
		return n, err
	}
	n.secret.Secret, err = s.secretBody(m, id, chain)
	return n, err
}

func (s *versions) keyBody(m material, id string, leaf certs.Certificate) (*vault.KeyBody, error) {
	made, err := m.key.Stored()
	if err != nil {
		return nil, fmt.Errorf("encode the key of %s: %w", m.ref, err)
	}
	private, err := s.Sealer.Seal(made.Private, vault.Binding(m.ref.As(vault.Keys), id))
	if err != nil {
		return nil, err
	}
	kty := made.Type
	if m.policy.Key.Type.HSM() {
		kty += "-HSM"
	}
	return &vault.KeyBody{Type: kty, Curve: made.Curve, Size: made.Size, Public: made.Public, Exportable: m.policy.Key.Exportable,
		Operations: policy.KeyOperations(kty, leaf.Usage()), Private: private}, nil
}

// secretBody writes the PFX or PEM once, here, so that no GET has to. A key
// that is not exportable stays out of it (docs/contract/keys-and-secrets.md).
func (s *versions) secretBody(m material, id string, chain [][]byte) (*vault.SecretBody, error) {
	key := &m.key
	if !m.policy.Key.Exportable {
		key = nil
	}
	value, err := secretValue(m.policy.Secret.ContentType, key, chain)
	if err != nil {
		return nil, fmt.Errorf("write the secret of %s: %w", m.ref, err)
	}
	sealed, err := s.Sealer.Seal([]byte(value), vault.Binding(m.ref.As(vault.Secrets), id))
	return &vault.SecretBody{ContentType: m.policy.Secret.ContentType, Value: sealed}, err
}

func secretValue(contentType string, key *keys.Key, chain [][]byte) (string, error) {
	if contentType == vault.PEM {
		return certs.WritePEM(key, chain)
	}
	pfx, err := certs.WritePFX(key, chain)
	return base64.StdEncoding.EncodeToString(pfx), err
}

// storeVersion writes a version in its three shapes and makes it the current
// one of head, as read in this transaction.
func (s *versions) storeVersion(tx vault.Tx, n newVersion, head vault.Object, policy vault.Policy) (err error) {
	if head.Rev == 0 {
		head = vault.Object{Ref: n.certificate.Ref, Created: n.certificate.Attributes.Created}
	}
	if head.Pending {
		if err := tx.DeleteVersion(head.Ref, head.Latest); err != nil {
			return err
		}
	}
	previous := head.Latest
	if head.Pending {
		previous = ""
	}
	if n, err = n.after(tx, previous); err != nil {
		return err
	}
	head.Pending, head.Latest, head.Policy = false, n.certificate.ID, &policy
	if _, err := tx.PutObject(head); err != nil {
		return err
	}
	if err := tx.PutVersion(n.certificate); err != nil {
		return err
	}
	secret := n.secret
	body := *n.secret.Secret
	body.Previous, secret.Secret = previous, &body
	for _, v := range []vault.Version{n.key, secret} {
		if err := putManaged(tx, v); err != nil {
			return err
		}
	}
	return s.schedule.Begin(tx, head, n.certificate, n.suggests)
}

// after dates the version later than the one before it.
func (n newVersion) after(tx vault.Tx, previous string) (newVersion, error) {
	a, err := engine.DatedApart(tx, n.certificate.Ref, previous, n.certificate.Attributes)
	n.certificate.Attributes, n.key.Attributes, n.secret.Attributes = a, a, a
	return n, err
}

// as is the version with what its order says of it now: somebody may have edited
// that while the issuer was asked.
func (n newVersion) as(op vault.Operation) newVersion {
	for _, v := range []*vault.Version{&n.certificate, &n.key, &n.secret} {
		v.Attributes.Enabled, v.Tags = op.Enabled, op.Tags
	}
	return n
}

// putManaged stores the key or secret of a certificate version.
func putManaged(tx vault.Tx, v vault.Version) error {
	head, exists, err := engine.Found(tx.Object(v.Ref))
	if err != nil {
		return err
	}
	if !exists {
		head = vault.Object{Ref: v.Ref, Managed: true, Created: v.Attributes.Created}
	}
	head.Latest = v.ID
	if _, err := tx.PutObject(head); err != nil {
		return err
	}
	return tx.PutVersion(v)
}

// complete stores the version and ends the operation with it.
func (s *versions) complete(tx vault.Tx, n newVersion, op vault.Operation) error {
	head, err := tx.Object(op.Ref)
	if err != nil {
		return err
	}
	policy := op.Policy
	if head.Policy != nil {
		policy = *head.Policy // a PATCH of the policy while the order ran stays
	}
	if err := s.storeVersion(tx, n, head, policy); err != nil {
		return err
	}
	head.Policy = &policy
	op = op.Noted(n.certificate.Attributes.Created, renewal.Deviation(head, n.certificate, s.Settings(op.Vault)))
	if _, err = tx.PutOperation(op.Complete(n.certificate.ID)); err != nil || !op.Renewal {
		return err
	}
	was, err := tx.Version(head.Ref, head.Latest)
	if err != nil {
		return err
	}
	return s.schedule.Renewed(tx, n.certificate, was, op)
}

// stagedKey opens the key that waits for its certificate.
func (s *versions) stagedKey(op vault.Operation) (keys.Key, error) {
	der, err := s.Sealer.Open(op.Private, vault.Binding(op.Ref, op.RequestID))
	if err != nil {
		return keys.Key{}, fmt.Errorf("open the staged key of %s: %w", op.Ref, err)
	}
	return keys.Parse(der)
}

// OpenKey opens the private key of a stored key version.
func OpenKey(sealer vault.Sealer, v vault.Version) (keys.Key, error) {
	der, err := sealer.Open(v.Key.Private, vault.Binding(v.Ref, v.ID))
	if err != nil {
		return keys.Key{}, fmt.Errorf("open key %s: %w", v.Ref, err)
	}
	return keys.Parse(der)
}
