// Package authority makes certificates: roots, the authorities below them, and
// leaves. Who keeps an authority describes what to make as a form of
// crypto/x509 (names, usages, validity, where lists are found); this package
// adds what every authority has and signs. It stores nothing and knows no
// profile. The vault's self-signed certificates are written in internal/certs,
// since crypto/x509 knows no key on P-256K; they share serial numbers, key
// identifiers and validity with those made here. Begin with Root.
package authority

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"fmt"
)

// An Authority is a certificate that signs others, with its key.
type Authority struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
}

// Root makes an authority that is signed by its own key.
func Root(key crypto.Signer, form x509.Certificate) (Authority, error) {
	if err := ofAuthority(&form, key); err != nil {
		return Authority{}, err
	}
	return Authority{&form, key}.make(key, form)
}

// Below makes an authority that is signed by this one.
func (a Authority) Below(key crypto.Signer, form x509.Certificate) (Authority, error) {
	if err := ofAuthority(&form, key); err != nil {
		return Authority{}, err
	}
	return a.make(key, form)
}

// Leaf signs a certificate (DER) for somebody's public key, of a kind that
// crypto/x509 knows. Basic constraints and a subject key identifier are in it
// as the form has them.
func (a Authority) Leaf(public crypto.PublicKey, form x509.Certificate) ([]byte, error) {
	der, err := a.sign(public, &form)
	if err == nil {
		Note(a.Certificate.RawSubjectPublicKeyInfo, der)
	}
	return der, err
}

// Validity is that of its certificate.
func (a Authority) Validity() Validity {
	return Validity{a.Certificate.NotBefore, a.Certificate.NotAfter}
}

// ofAuthority completes the form of an authority's own certificate.
func ofAuthority(form *x509.Certificate, key crypto.Signer) (err error) {
	form.IsCA, form.BasicConstraintsValid = true, true
	form.SubjectKeyId, err = KeyID(key.Public())
	return err
}

// make signs an authority's own certificate, and reads it as others will.
func (a Authority) make(key crypto.Signer, form x509.Certificate) (Authority, error) {
	der, err := a.sign(key.Public(), &form)
	if err != nil {
		return Authority{}, err
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return Authority{}, fmt.Errorf("read the certificate: %w", err)
	}
	return Authority{c, key}, nil
}

// sign makes a certificate, whose signature crypto/x509 checks.
func (a Authority) sign(public crypto.PublicKey, form *x509.Certificate) ([]byte, error) {
	der, err := x509.CreateCertificate(rand.Reader, form, a.Certificate, public, a.Key)
	if err != nil {
		return nil, fmt.Errorf("sign the certificate: %w", err)
	}
	return der, nil
}
