package certs

import (
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"certwright/internal/authority"
	"certwright/internal/keys"
	"certwright/internal/vault"
)

// An algorithm is a signature algorithm of requests and certificates.
type algorithm struct {
	id   oid
	hash crypto.Hash
	rsa  bool
}

// algorithms lists those that can be checked.
var algorithms = []algorithm{
	{oidRSAWithSHA256, crypto.SHA256, true}, {oidRSAWithSHA384, crypto.SHA384, true}, {oidRSAWithSHA512, crypto.SHA512, true},
	{oidECDSAWithSHA256, crypto.SHA256, false}, {oidECDSAWithSHA384, crypto.SHA384, false}, {oidECDSAWithSHA512, crypto.SHA512, false},
}

// algorithmOf returns what a key signs with: SHA-256, and with the larger EC
// curves the hash of their size.
func algorithmOf(k keys.Key) algorithm {
	switch {
	case k.Type() == vault.RSA:
		return algorithm{oidRSAWithSHA256, crypto.SHA256, true}
	case k.Curve() == vault.P384:
		return algorithm{oidECDSAWithSHA384, crypto.SHA384, false}
	case k.Curve() == vault.P521:
		return algorithm{oidECDSAWithSHA512, crypto.SHA512, false}
	}
	return algorithm{oidECDSAWithSHA256, crypto.SHA256, false}
}

// add writes the AlgorithmIdentifier: RSA with NULL parameters (RFC 4055),
// ECDSA with none (RFC 5758).
func (a algorithm) add(b *cryptobyte.Builder) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(a.id)
		if a.rsa {
			b.AddASN1NULL()
		}
	})
}

// sign wraps the DER to be signed with algorithm and signature: the outer form
// of requests and certificates alike.
func sign(k keys.Key, tbs []byte) ([]byte, error) {
	if k.Signer() == nil {
		return nil, errors.New("sign: the key is missing")
	}
	alg := algorithmOf(k)
	h := alg.hash.New()
	h.Write(tbs)
	sig, err := k.Signer().Sign(rand.Reader, h.Sum(nil), alg.hash)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		alg.add(b)
		b.AddASN1BitString(sig)
	})
	return b.Bytes()
}

var errSignature = errors.New("the signature does not verify")

// verified checks the signature of a certificate or request, of which whole is the
// DER, by the key in pkix, unless it is known to be good.
func verified(pkix, whole, tbs, sig []byte, id oid) error {
	if authority.Known(pkix, whole) {
		return nil
	}
	err := verify(pkix, tbs, sig, id)
	if err == nil {
		authority.Note(pkix, whole)
	}
	return err
}

// verify checks a signature over tbs by the key in pkix.
func verify(pkix, tbs, sig []byte, id oid) error {
	pub, err := keys.ParsePublic(pkix)
	if err != nil {
		return err
	}
	for _, alg := range algorithms {
		if !alg.id.Equal(id) {
			continue
		}
		h := alg.hash.New()
		h.Write(tbs)
		if alg.rsa != (pub.Type() == vault.RSA) || !pub.VerifyDER(alg.hash, h.Sum(nil), sig) {
			return errSignature
		}
		return nil
	}
	return fmt.Errorf("check the signature: algorithm %v is not supported", id)
}
