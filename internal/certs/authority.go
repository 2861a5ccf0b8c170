package certs

import (
	"fmt"
	"slices"
	"time"

	"certwright/internal/authority"
	"certwright/internal/certs/dn"
	"certwright/internal/keys"
	"certwright/internal/vault"
)

// An Authority signs what others ask for: the issuing authority of a
// development server, and that of tests. It is not one of internal/authority,
// since it signs for keys on P-256K too, and as the service does itself.
type Authority struct {
	Certificate []byte // DER
	Key         keys.Key
}

// NewAuthority makes an authority of the common name cn with a P-256 key and a self-signed
// certificate of 10 years from now.
func NewAuthority(cn string, now time.Time) (Authority, error) {
	k, err := keys.New(vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	if err != nil {
		return Authority{}, err
	}
	name, err := dn.Common(cn)
	if err != nil {
		return Authority{}, err
	}
	usage, err := writeUsage([]vault.KeyUsage{vault.KeyCertSign, vault.CRLSign, vault.DigitalSignature})
	if err != nil {
		return Authority{}, err
	}
	id := keyID(k.PKIX())
	t := template{
		issuer: name, subject: name, public: k.PKIX(), valid: authority.ForMonths(120, now),
		extensions: []*extension{{oidKeyUsage, true, usage}, {oidBasicConstraints, true, basicConstraints(true)}, authorityKey(id), subjectKey(id)},
	}
	der, err := t.sign(k)
	if err != nil {
		return Authority{}, fmt.Errorf("make the authority: %w", err)
	}
	return Authority{Certificate: der, Key: k}, nil
}

// Issue signs a certificate for a request whose own signature is good. It takes
// over subject, alternative names, key usage and extended key usages as asked,
// never the request to be an authority. The certificate is valid from 10 minutes
// before now until validityMonths after it, but not beyond the authority's own.
func (a Authority) Issue(csr []byte, validityMonths int, now time.Time) (leaf []byte, err error) {
	r, err := ParseRequest(csr)
	if err != nil {
		return nil, err
	}
	own, err := Parse(a.Certificate)
	if err != nil {
		return nil, err
	}
	t := template{
		issuer: own.SubjectDER, subject: r.SubjectDER, public: r.Public,
		valid: authority.ForMonths(validityMonths, now).Within(authority.Validity{From: own.NotBefore, To: own.NotAfter}),
		extensions: []*extension{r.leafUsage(), {oidBasicConstraints, false, basicConstraints(false)}, r.ekus, r.sans,
			authorityKey(own.subjectID), subjectKey(keyID(r.Public))},
	}
	return t.sign(a.Key)
}

// leafUsage is the key usage asked for, as far as a leaf may have it.
func (r CertificateRequest) leafUsage() *extension {
	kept := ofLeaf(r.Usage)
	if len(kept) == 0 {
		return nil
	}
	value, err := writeUsage(kept)
	if err != nil {
		return nil // cannot be: they were read from bits
	}
	return &extension{oidKeyUsage, true, value}
}

// ofLeaf is a key usage without keyCertSign, which goes with CA:TRUE only (RFC
// 5280 section 4.2.1.3).
func ofLeaf(usage []vault.KeyUsage) []vault.KeyUsage {
	return slices.DeleteFunc(slices.Clone(usage), func(u vault.KeyUsage) bool { return u == vault.KeyCertSign })
}
