package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"certwright/internal/certs"
	"certwright/internal/engine"
	"certwright/internal/keys"
	"certwright/internal/trust"
	"certwright/internal/vault"
)

// A vaultCertificate is a tlsCertificate of a vault of this server: the latest
// version, so that a renewal is shown as soon as it is there.
type vaultCertificate struct {
	ref    vault.Ref
	store  vault.Store
	sealer vault.Sealer

	mu  sync.Mutex
	id  string // of the version that was read last
	why string // it was not taken
	now atomic.Pointer[tls.Certificate]
}

func newVaultCertificate(t trust.Settings, store vault.Store, sealer vault.Sealer) *vaultCertificate {
	return &vaultCertificate{ref: vault.Ref{Vault: strings.ToLower(t.Vault), Kind: vault.Certificates, Name: t.Certificate}, store: store, sealer: sealer}
}

// Certificate implements tlsCertificate.
func (c *vaultCertificate) Certificate() *tls.Certificate { return c.now.Load() }

// Reload implements tlsCertificate. What is wrong is told once; a certificate
// that is not there yet is not wrong.
func (c *vaultCertificate) Reload(ctx context.Context) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, err := c.latest(ctx)
	if errors.Is(err, vault.ErrNotFound) || err == nil && v.ID == c.id {
		return false, nil
	}
	var made *tls.Certificate
	if err == nil {
		made, err = c.open(v)
	}
	if err != nil {
		if c.why == err.Error() {
			return false, nil
		}
		c.why = err.Error()
		return false, fmt.Errorf("%s of vault %s: %w", c.ref.Name, c.ref.Vault, err)
	}
	c.id, c.why = v.ID, ""
	c.now.Store(made)
	return true, nil
}

// latest is the latest version of the certificate; vault.ErrNotFound for none.
func (c *vaultCertificate) latest(ctx context.Context) (v vault.Version, err error) {
	err = c.store.View(ctx, func(r vault.Reader) error {
		o, err := r.Object(c.ref)
		switch {
		case err != nil:
			return err
		case o.Pending(), engine.Live(o, c.ref) != nil:
			return vault.ErrNotFound
		}
		v, err = engine.Version(r, o, o.Latest)
		return err
	})
	if err == nil && !v.Attributes.Enabled {
		return v, errors.New("its latest version is disabled\nhint: enable it, or have a new one issued")
	}
	return v, err
}

// open makes of a version what handshakes need.
func (c *vaultCertificate) open(v vault.Version) (*tls.Certificate, error) {
	private, err := c.sealer.Open(v.Key.Private, vault.Binding(v.Ref.As(vault.Keys), v.ID))
	if err != nil {
		return nil, err
	}
	key, err := keys.Parse(private)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(v.Certificate.Leaf)
	if err != nil || key.Signer() == nil {
		return nil, errors.New("it is not one that TLS can use\nhint: use RSA, or EC with P-256, P-384 or P-521")
	}
	made := &tls.Certificate{PrivateKey: key.Signer(), Leaf: leaf, Certificate: [][]byte{v.Certificate.Leaf}}
	for _, der := range certs.LeafFirst(v.Certificate.Chain, v.Certificate.Leaf) {
		if string(der) != string(v.Certificate.Leaf) {
			made.Certificate = append(made.Certificate, der)
		}
	}
	return made, nil
}
