package order

import (
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
	leaf          certs.Certificate
	chain         [][]byte // DER, in the order that is kept; leaf is among them
	policy        vault.Policy
	enabled       bool
	tags          map[string]string
	preserveOrder bool
	issuerRef     []byte
	issuerName    string // the issuer resource that made it; "" where none did
	provider      string
	now           time.Time
}

// A newVersion is one version, sealed and ready to store.
type newVersion struct {
	vault.Version
	suggests bool // its issuer may say when to renew it
}

// makeVersion does the slow part of a new version: it seals the key. Issue, Self, merge, import and renewal all come here.
func (s *versions) makeVersion(m material) (newVersion, error) {
	leaf := m.leaf
	v := vault.Version{Ref: m.ref, ID: vault.NewID(), Tags: m.tags,
		Attributes: vault.Attributes{Enabled: m.enabled, NotBefore: leaf.NotBefore, Expires: leaf.NotAfter, Created: m.now, Updated: m.now}}
	v.Certificate = &vault.CertificateBody{Leaf: leaf.Raw, Chain: m.chain, Thumbprint: certs.Thumbprint(leaf.Raw),
		Subject: leaf.Subject, PreserveOrder: m.preserveOrder, IssuerRef: m.issuerRef,
		IssuerName: m.issuerName, Provider: m.provider}
	body, err := s.keyBody(m, v.ID, leaf)
	if err != nil {
		return newVersion{}, err
	}
	v.Key = body
	v.Secret = &vault.SecretBody{ContentType: m.policy.Secret.ContentType, Form: int(certs.SecretForm3DES)}
	return newVersion{Version: v}, nil
}

// keptChain is a chain as it is kept: leaf first, unless it is to stay as it came.
func keptChain(chain [][]byte, leaf int, preserve bool) [][]byte {
	if preserve {
		return chain
	}
	return certs.Order(chain, leaf)
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

// storeVersion writes a version and makes it the current one of its object, which
// is there already and is put by who calls.
func (s *versions) storeVersion(tx vault.Tx, o *vault.Object, n newVersion, policy vault.Policy) (v vault.Version, err error) {
	v, previous := n.Version, o.Latest
	if o.Pending() {
		previous = ""
	}
	if v.Attributes, err = engine.DatedApart(tx, o.Ref, previous, v.Attributes); err != nil {
		return v, err
	}
	secret := *v.Secret
	secret.Previous, v.Secret = previous, &secret
	o.Placeholder, o.Latest, o.Policy = nil, v.ID, &policy
	if err := tx.PutVersion(v); err != nil {
		return v, err
	}
	return v, s.schedule.BeginVersion(tx, o, v, n.suggests)
}

// as is the version with what its order says of it now: somebody may have edited
// that while the issuer was asked.
func (n newVersion) as(op vault.Operation) newVersion {
	n.Attributes.Enabled, n.Tags = op.Enabled, op.Tags
	return n
}

// complete stores the version and ends the operation with it.
func (s *versions) complete(tx vault.Tx, o *vault.Object, n newVersion, op vault.Operation) error {
	policy, previous := op.Policy, o.Latest
	if o.Policy != nil {
		policy = *o.Policy // a PATCH of the policy while the order ran stays
	}
	ended := op.Complete(n.ID)
	o.Operation = &ended // in progress no longer, so that the next renewal is planned; the note below still reaches it
	v, err := s.storeVersion(tx, o, n, policy)
	if err != nil {
		return err
	}
	ended = ended.Noted(v.Attributes.Created, renewal.Deviation(*o, v, s.Settings(o.Vault)))
	if !op.Renewal {
		return nil
	}
	was, err := tx.Version(o.Ref, previous)
	if err != nil {
		return err
	}
	return s.schedule.Renewed(tx, v, was, ended)
}

// orderKey opens the key that waits for its certificate.
func (s *versions) orderKey(op vault.Operation) (keys.Key, error) {
	der, err := s.Sealer.Open(op.Private, vault.Binding(op.Ref, op.RequestID))
	if err != nil {
		return keys.Key{}, fmt.Errorf("open the key of the order of %s: %w", op.Ref, err)
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
