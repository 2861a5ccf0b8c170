package authority

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// A Form is a leaf for a request, before it is signed.
type Form struct {
	Serial               *big.Int
	Subject, Public      []byte // DER; the key in its PKIX form
	Valid                Validity
	Usage                x509.KeyUsage
	Purposes             []asn1.ObjectIdentifier // extended key usages
	KeyID                []byte                  // subject key identifier
	Authorities, Revoked []string                // where who signs, and its list, are found
	Alternatives         []byte                  // DER of the alternative names; nil for none
}

// Issue signs a leaf. Unlike crypto/x509, which Leaf uses, it does not check what
// it has signed: the keys are the standard library's own, and a check costs more
// than a signature.
func (a Authority) Issue(f Form) ([]byte, error) {
	alg, err := signingOf(a.Key)
	if err != nil {
		return nil, err
	}
	tbs, err := f.unsigned(a.Certificate, alg)
	if err != nil {
		return nil, fmt.Errorf("write the certificate: %w", err)
	}
	signature, err := crypto.SignMessage(a.Key, rand.Reader, tbs, alg.hash)
	if err != nil {
		return nil, fmt.Errorf("sign the certificate: %w", err)
	}
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		alg.add(b)
		b.AddASN1BitString(signature)
	})
	signed, err := b.Bytes()
	if err == nil {
		Note(a.Certificate.RawSubjectPublicKeyInfo, signed)
	}
	return signed, err
}

// unsigned is the TBSCertificate of a form (RFC 5280 section 4.1), with the
// extensions in the order of crypto/x509.
func (f Form) unsigned(by *x509.Certificate, alg signing) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(der.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddASN1Int64(2) }) // v3
		b.AddASN1BigInt(f.Serial)
		alg.add(b)
		b.AddBytes(by.RawSubject)
		f.Valid.Add(b)
		b.AddBytes(f.Subject)
		b.AddBytes(f.Public)
		b.AddASN1(der.Tag(3).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) { f.extend(b, by) })
		})
	})
	return b.Bytes()
}

// A signing is how a key signs.
type signing struct {
	id   asn1.ObjectIdentifier
	hash crypto.Hash // zero where the key hashes by itself
	rsa  bool
}

// add writes the AlgorithmIdentifier: RSA with NULL parameters (RFC 4055), the
// others with none (RFC 5758, RFC 8410).
func (s signing) add(b *cryptobyte.Builder) {
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(s.id)
		if s.rsa {
			b.AddASN1NULL()
		}
	})
}

// signingOf is how a key signs, as crypto/x509 would choose.
func signingOf(key crypto.Signer) (signing, error) {
	switch k := key.(type) {
	case *ecdsa.PrivateKey:
		switch k.Curve {
		case elliptic.P224(), elliptic.P256():
			return signing{id: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}, hash: crypto.SHA256}, nil
		case elliptic.P384():
			return signing{id: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}, hash: crypto.SHA384}, nil
		case elliptic.P521():
			return signing{id: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}, hash: crypto.SHA512}, nil
		}
	case *rsa.PrivateKey:
		return signing{id: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, hash: crypto.SHA256, rsa: true}, nil
	case ed25519.PrivateKey:
		return signing{id: asn1.ObjectIdentifier{1, 3, 101, 112}}, nil
	}
	return signing{}, fmt.Errorf("sign the certificate: a key of kind %T signs none", key)
}
