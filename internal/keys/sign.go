package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"math/big"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	decred "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"certwright/internal/vault"
)

// Sign returns the signature of a digest, which the caller computed with the
// algorithm's hash. RSA signatures are as long as the modulus, those of EC are
// R and S padded to the curve's field, as in RFC 7518 section 3.4. An algorithm
// that is not for this key, or a digest of another length, is a refusal.
func (k Key) Sign(alg string, digest []byte) ([]byte, error) {
	a, err := k.signing(alg, vault.OpSign, "value", digest)
	if err != nil {
		return nil, err
	}
	sig, err := k.signer.Sign(rand.Reader, digest, a.options())
	if err != nil {
		return nil, fmt.Errorf("sign with %s: %w", a.name, err)
	}
	if a.family == ecdsaSignature {
		return rawSignature(sig, fieldBytes(a.curve))
	}
	return sig, nil
}

// Verify reports whether sig is the key's signature of digest. A signature of
// another length, or out of range, does not verify; what is refused is as with
// Sign. Both values of S verify in ECDSA.
func (p Public) Verify(alg string, digest, sig []byte) (bool, error) {
	a, err := p.signing(alg, vault.OpVerify, "digest", digest)
	if err != nil {
		return false, err
	}
	switch key := p.key.(type) {
	case *rsa.PublicKey:
		if a.family == pssSignature {
			return rsa.VerifyPSS(key, a.hash, digest, sig, pssOptions(a.hash)) == nil, nil
		}
		return rsa.VerifyPKCS1v15(key, a.hash, digest, sig) == nil, nil
	case *ecdsa.PublicKey:
		half := fieldBytes(a.curve)
		if len(sig) != 2*half {
			return false, nil
		}
		r, s := new(big.Int).SetBytes(sig[:half]), new(big.Int).SetBytes(sig[half:])
		return ecdsa.Verify(key, digest, r, s), nil
	case *secp256k1.PublicKey:
		return verifyKoblitz(key, digest, sig), nil
	}
	return false, errNoKey
}

// VerifyDER reports whether sig is the key's signature of digest in the form that
// X.509 has: PKCS #1 v1.5 of RSA, or the ASN.1 DER of ECDSA.
func (p Public) VerifyDER(h crypto.Hash, digest, sig []byte) bool {
	switch key := p.key.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, h, digest, sig) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, digest, sig)
	case *secp256k1.PublicKey:
		s, err := decred.ParseDERSignature(sig)
		return err == nil && s.Verify(digest, key)
	}
	return false
}

// signing returns the algorithm, or refuses it or the digest.
func (p Public) signing(alg, op, property string, digest []byte) (algorithm, error) {
	a, err := find(alg, op)
	if err != nil {
		return a, err
	}
	if err := p.fits(a); err != nil {
		return a, err
	}
	if a.hash == 0 {
		// RSNULL: PKCS #1 v1.5 around whatever it is given; 11 bytes are padding.
		if most := p.bytes() - 11; len(digest) > most {
			return a, vault.TooLong(property, len(digest), a.name, most)
		}
		return a, nil
	}
	if len(digest) != a.hash.Size() {
		return a, vault.WrongLength(property, len(digest), a.name, a.hash.Size())
	}
	return a, nil
}

func (a algorithm) options() crypto.SignerOpts {
	if a.family == pssSignature {
		return pssOptions(a.hash)
	}
	return a.hash
}

// pssOptions asks for a salt as long as the hash (RFC 7518 section 3.5).
func pssOptions(h crypto.Hash) *rsa.PSSOptions {
	return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: h}
}

func verifyKoblitz(pub *secp256k1.PublicKey, digest, sig []byte) bool {
	if len(sig) != 64 {
		return false
	}
	var r, s secp256k1.ModNScalar
	if r.SetByteSlice(sig[:32]) || s.SetByteSlice(sig[32:]) || r.IsZero() || s.IsZero() {
		return false
	}
	return decred.NewSignature(&r, &s).Verify(digest, pub)
}
