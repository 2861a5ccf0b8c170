package certs

import (
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"certwright/internal/authority"
	"certwright/internal/keys"
	"certwright/internal/vault"
)

// Request makes a PKCS#10 certificate request (RFC 2986) in DER: subject and
// names as Fitted has them, and one extensionRequest attribute with key usage (critical), extended
// key usages, alternative names and basic constraints (not critical), in the
// service's order (docs/contract/certificates.md). It is signed with SHA-256, with P-384 and
// P-521 SHA-384 and SHA-512. Errors of the caller's making are vault refusals.
func Request(k keys.Key, x vault.X509Props) ([]byte, error) {
	x, subject, err := fitted(x)
	if err != nil {
		return nil, err
	}
	usage, ekus, sans, basic, err := askedExtensions(x)
	if err != nil {
		return nil, err
	}
	public := k.PKIX()
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(0)
		b.AddBytes(subject)
		b.AddBytes(public)
		b.AddASN1(asn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidExtensionRequest)
				b.AddASN1(asn1.SET, func(b *cryptobyte.Builder) { addExtensions(b, usage, ekus, sans, basic) })
			})
		})
	})
	tbs, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	csr, err := sign(k, tbs)
	if err == nil {
		authority.Note(public, csr)
	}
	return csr, err
}

// A CertificateRequest is what a PKCS#10 request asks for.
type CertificateRequest struct {
	Raw        []byte
	SubjectDER []byte
	Public     []byte // PKIX DER
	Usage      []vault.KeyUsage
	EKUs       []string
	SANs       *vault.SANs // nil: none asked for
	CA         bool

	sans, ekus, usage *extension // as they stand in the request
}

var errRequest = errors.New("read the certificate request: not a PKCS#10 request")

// ParseRequest reads a PKCS#10 request in DER, P-256K included, and checks its
// signature.
func ParseRequest(csr []byte) (CertificateRequest, error) {
	in := cryptobyte.String(csr)
	var outer, tbs, alg, body, subject, spki cryptobyte.String
	var id oid
	var sig []byte
	var version int
	if !in.ReadASN1(&outer, asn1.SEQUENCE) || !in.Empty() || !outer.ReadASN1Element(&tbs, asn1.SEQUENCE) ||
		!outer.ReadASN1(&alg, asn1.SEQUENCE) || !alg.ReadASN1ObjectIdentifier((*oid)(&id)) ||
		!outer.ReadASN1BitStringAsBytes(&sig) || !outer.Empty() {
		return CertificateRequest{}, errRequest
	}
	whole := tbs
	if !whole.ReadASN1(&body, asn1.SEQUENCE) || !body.ReadASN1Integer(&version) || version != 0 ||
		!body.ReadASN1Element(&subject, asn1.SEQUENCE) || !body.ReadASN1Element(&spki, asn1.SEQUENCE) {
		return CertificateRequest{}, errRequest
	}
	r := CertificateRequest{Raw: csr, SubjectDER: subject, Public: spki}
	if err := verified(spki, csr, tbs, sig, id); err != nil {
		return CertificateRequest{}, fmt.Errorf("read the certificate request: %w", err)
	}
	if err := r.readAttributes(body); err != nil {
		return CertificateRequest{}, fmt.Errorf("read the certificate request: %w", err)
	}
	return r, nil
}

// readAttributes looks for the extensionRequest; other attributes, such as a
// challenge password, do not matter.
func (r *CertificateRequest) readAttributes(body cryptobyte.String) error {
	var attributes cryptobyte.String
	var present bool
	if !body.ReadOptionalASN1(&attributes, &present, asn1.Tag(0).ContextSpecific().Constructed()) || !body.Empty() {
		return errRequest
	}
	for !attributes.Empty() {
		var a, set cryptobyte.String
		var id oid
		if !attributes.ReadASN1(&a, asn1.SEQUENCE) || !a.ReadASN1ObjectIdentifier((*oid)(&id)) || !a.ReadASN1(&set, asn1.SET) {
			return errRequest
		}
		if !id.Equal(oidExtensionRequest) {
			continue
		}
		list, err := readExtensions(set)
		if err != nil {
			return err
		}
		if err := r.readExtensions(list); err != nil {
			return err
		}
	}
	return nil
}

func (r *CertificateRequest) readExtensions(list []extension) (err error) {
	for _, e := range list {
		switch {
		case e.id.Equal(oidKeyUsage):
			r.usage = &e
			r.Usage, err = readUsage(e.value)
		case e.id.Equal(oidEKU):
			r.ekus = &e
			r.EKUs, err = readEKUs(e.value)
		case e.id.Equal(oidSAN):
			r.sans = &e
			r.SANs, err = readSANs(e.value)
		case e.id.Equal(oidBasicConstraints):
			r.CA, err = readBasicConstraints(e.value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
