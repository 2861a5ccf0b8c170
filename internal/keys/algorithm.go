package keys

import (
	"crypto"
	_ "crypto/sha1" // RSA-OAEP is with SHA-1 (RFC 7518 section 4.3)
	_ "crypto/sha256"
	_ "crypto/sha512"

	"certwright/internal/vault"
)

// family is how an algorithm works; algorithms of a family differ in hash,
// curve or key size only.
type family int

const (
	pkcs1Signature family = iota
	pssSignature
	ecdsaSignature
	pkcs1Encryption
	oaepEncryption
	aesWrap
	aesGCM
	aesCBC
	aesCBCPad
)

type algorithm struct {
	name   string
	family family
	kind   vault.KeyType // RSA, EC or oct
	curve  vault.Curve   // EC
	hash   crypto.Hash   // signatures and OAEP; 0 for RSNULL
	bits   int           // oct
}

// algorithms lists those of the API (docs/contract/wire.md, OpenAPI 7.4
// JsonWebKeySignatureAlgorithm and JsonWebKeyEncryptionAlgorithm). RSNULL is
// reserved there; the service signs the bytes it is given, which the client
// wraps in a DigestInfo itself (outlook/ALTAR#4, ebourg/jsign#142).
var algorithms = []algorithm{
	{name: "RS256", family: pkcs1Signature, kind: vault.RSA, hash: crypto.SHA256},
	{name: "RS384", family: pkcs1Signature, kind: vault.RSA, hash: crypto.SHA384},
	{name: "RS512", family: pkcs1Signature, kind: vault.RSA, hash: crypto.SHA512},
	{name: "RSNULL", family: pkcs1Signature, kind: vault.RSA},
	{name: "PS256", family: pssSignature, kind: vault.RSA, hash: crypto.SHA256},
	{name: "PS384", family: pssSignature, kind: vault.RSA, hash: crypto.SHA384},
	{name: "PS512", family: pssSignature, kind: vault.RSA, hash: crypto.SHA512},
	{name: "ES256", family: ecdsaSignature, kind: vault.EC, curve: vault.P256, hash: crypto.SHA256},
	{name: "ES384", family: ecdsaSignature, kind: vault.EC, curve: vault.P384, hash: crypto.SHA384},
	{name: "ES512", family: ecdsaSignature, kind: vault.EC, curve: vault.P521, hash: crypto.SHA512},
	{name: "ES256K", family: ecdsaSignature, kind: vault.EC, curve: vault.P256K, hash: crypto.SHA256},

	{name: "RSA1_5", family: pkcs1Encryption, kind: vault.RSA},
	{name: "RSA-OAEP", family: oaepEncryption, kind: vault.RSA, hash: crypto.SHA1},
	{name: "RSA-OAEP-256", family: oaepEncryption, kind: vault.RSA, hash: crypto.SHA256},
	{name: "A128KW", family: aesWrap, kind: vault.Oct, bits: 128},
	{name: "A192KW", family: aesWrap, kind: vault.Oct, bits: 192},
	{name: "A256KW", family: aesWrap, kind: vault.Oct, bits: 256},
	{name: "A128GCM", family: aesGCM, kind: vault.Oct, bits: 128},
	{name: "A192GCM", family: aesGCM, kind: vault.Oct, bits: 192},
	{name: "A256GCM", family: aesGCM, kind: vault.Oct, bits: 256},
	{name: "A128CBC", family: aesCBC, kind: vault.Oct, bits: 128},
	{name: "A192CBC", family: aesCBC, kind: vault.Oct, bits: 192},
	{name: "A256CBC", family: aesCBC, kind: vault.Oct, bits: 256},
	{name: "A128CBCPAD", family: aesCBCPad, kind: vault.Oct, bits: 128},
	{name: "A192CBCPAD", family: aesCBCPad, kind: vault.Oct, bits: 192},
	{name: "A256CBCPAD", family: aesCBCPad, kind: vault.Oct, bits: 256},
}

// find returns the algorithm for an operation; names compare to the letter.
// An algorithm of another operation is as unknown as one of no operation:
// AES key wrap does not encrypt, and GCM and CBC do not wrap (about-keys-details).
func find(name, op string) (algorithm, error) {
	today := name
	if name == "ECDSA256" {
		today = "ES256K" // so called in 2016-10-01, as its curve was SECP256K1
	}
	for _, a := range algorithms {
		if a.name == today && a.does(op) {
			return a, nil
		}
	}
	return algorithm{}, vault.UnknownAlgorithm(op, name)
}

func (a algorithm) does(op string) bool {
	sign := a.family <= ecdsaSignature
	switch op {
	case vault.OpSign, vault.OpVerify:
		return sign
	case vault.OpEncrypt, vault.OpDecrypt:
		return !sign && a.family != aesWrap
	case vault.OpWrapKey, vault.OpUnwrapKey:
		return !sign && (a.kind == vault.RSA || a.family == aesWrap)
	}
	return false
}

// fits refuses an algorithm that is not for this kind, curve or size of key.
func (p Public) fits(a algorithm) error {
	what := "encryption"
	if a.family <= ecdsaSignature {
		what = "signing"
	}
	switch {
	case p.kind == "":
		return errNoKey
	case a.kind != p.kind:
		return vault.WrongKeyType(p.name, p.kind, what, a.name, a.kind)
	case a.curve != p.curve:
		return vault.WrongCurve(p.name, p.curve, a.name, a.curve)
	case a.bits != 0 && a.bits != p.size:
		return vault.WrongKeySize(p.name, p.size, a.name, a.bits)
	}
	return nil
}
