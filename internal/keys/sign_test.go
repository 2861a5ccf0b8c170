package keys

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"math/big"
	"slices"
	"testing"

	"certwright/internal/must"
	"certwright/internal/vault"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

const kid = "https://web.vault.localhost:8443/keys/web/0123456789abcdef0123456789abcdef"

// Every algorithm with every key: it signs and verifies, or is refused in the service's words.
func TestSignWithEveryKey(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		k := key(t, kind).Named(kid)
		for _, a := range algorithms[:11] {
			size := 32
			if a.hash != 0 {
				size = a.hash.Size()
			}
			digest := random(size)
			sig, err := k.Sign(a.name, digest)
			switch {
			case a.kind != kind.Type:
				says(t, err, vault.WrongKeyType(kid, kind.Type, "signing", a.name, a.kind))
				_, err = k.Verify(a.name, digest, nil)
				says(t, err, vault.WrongKeyType(kid, kind.Type, "signing", a.name, a.kind))
			case a.curve != kind.Curve:
				says(t, err, vault.WrongCurve(kid, kind.Curve, a.name, a.curve))
			default:
				must.Do(t, err)
				checkSignature(t, k.Public, a, digest, sig)
			}
		}
	}
}

// checkSignature verifies a signature, and sees that nothing like it does.
func checkSignature(t *testing.T, p Public, a algorithm, digest, sig []byte) {
	t.Helper()
	want := p.bytes()
	if a.kind == vault.EC {
		want = 2 * fieldBytes(a.curve)
	}
	if len(sig) != want {
		t.Errorf("%s: signature of %d bytes, want %d", a.name, len(sig), want)
	}
	other := bytes.Clone(digest)
	other[0] ^= 1
	flipped := bytes.Clone(sig)
	flipped[len(sig)/2] ^= 1
	for name, c := range map[string]struct {
		digest, sig []byte
		want        bool
	}{
		"its own":      {digest, sig, true},
		"other digest": {other, sig, false}, "changed": {digest, flipped, false}, "none": {digest, nil, false},
		"cut": {digest, sig[:len(sig)-1], false}, "longer": {digest, append(bytes.Clone(sig), 0), false},
		"padded": {digest, append([]byte{0}, sig...), false}, "zeros": {digest, make([]byte, len(sig)), false},
		"ones": {digest, bytes.Repeat([]byte{0xff}, len(sig)), false},
	} {
		got, err := p.Verify(a.name, c.digest, c.sig)
		if err != nil || got != c.want {
			t.Errorf("%s, %s: verified is %v, %v", a.name, name, got, err)
		}
	}
}

// The two texts of the service (Azure/azure-sdk-for-python#4399, Azure/azure-rest-api-specs#10769).
func TestRefusalsOfSigning(t *testing.T) {
	t.Parallel()
	ec := key(t, kinds[1]).Named(kid)
	for name, c := range map[string]struct {
		alg    string
		digest int
		want   string
	}{
		"long digest":  {"ES256", 44, "BadParameter: Invalid length of 'value': 44 bytes. ES256 requires 32 bytes, encoded with base64url."},
		"no digest":    {"ES256", 0, "BadParameter: Invalid length of 'value': 0 bytes. ES256 requires 32 bytes, encoded with base64url."},
		"curve first":  {"ES256K", 3, "BadParameter: Key and signing algorithm are incompatible. Key " + kid + " uses curve 'P-256', and algorithm 'ES256K' can only be used with curve 'P-256K'."},
		"type":         {"RS256", 32, "BadParameter: Key and signing algorithm are incompatible. Key " + kid + " is of type 'EC', and algorithm 'RS256' can only be used with a key of type 'RSA' or 'RSA-HSM'."},
		"unknown":      {"HS256", 32, "BadParameter: The algorithm 'HS256' is not supported for operation sign."},
		"other case":   {"es256", 32, "BadParameter: The algorithm 'es256' is not supported for operation sign."},
		"encryption's": {"RSA1_5", 32, "BadParameter: The algorithm 'RSA1_5' is not supported for operation sign."},
		"empty":        {"", 32, "BadParameter: The algorithm '' is not supported for operation sign."},
	} {
		if _, err := ec.Sign(c.alg, make([]byte, c.digest)); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	_, err := ec.Verify("ES256", make([]byte, 31), make([]byte, 64))
	says(t, err, vault.WrongLength("digest", 31, "ES256", 32))
	_, err = key(t, kinds[0]).Sign("RSNULL", make([]byte, 246))
	says(t, err, vault.TooLong("value", 246, "RSNULL", 245))
	for _, a := range algorithms[:11] {
		for _, n := range []int{0, 1, 20, 28, 31, 33, 47, 49, 63, 65, 256} {
			k := key(t, kinds[slices.IndexFunc(kinds, func(p vault.KeyProps) bool { return p.Type == a.kind && p.Curve == a.curve })])
			if _, err := k.Sign(a.name, make([]byte, n)); a.hash != 0 && err == nil {
				t.Errorf("%s signed a digest of %d bytes", a.name, n)
			}
		}
	}
}

// What the service signed with ES256K and verified (go-keys/TestSignVerify~KV).
func TestRecordedSignature(t *testing.T) {
	t.Parallel()
	x, y := b64(t, "lvGyyrzuDo2A89nA-6tcoTri3RGLeFXQhRN-fRy4e8A"), b64(t, "o33jgAVh7ZUQRtaU9ZXI6VP6yLbHGVHI4fFZ-460VDA")
	digest := b64(t, "ltYuKr0-Qt5fUDMPuO_ExVmYNSeAd7IemqCzPB3wehw")
	sig := b64(t, "b5VyKQtuME58vqxsmRlcPSxWxDJdlmToYDK0XKa44K-OaKyh3lCrpUzrpO9U4bY20ql6wHcjW6wBvlL0YZlpVg")
	point, err := secp256k1.ParsePubKey(slices.Concat([]byte{4}, x, y))
	must.Do(t, err)
	p, err := ParsePublic(koblitzPKIX(point))
	must.Do(t, err)
	if ok, err := p.Verify("ES256K", digest, sig); !ok || err != nil {
		t.Errorf("the recorded signature: %v, %v", ok, err)
	}
	sig[3] ^= 1
	if ok, err := p.Verify("ES256K", digest, sig); ok || err != nil {
		t.Errorf("a changed one: %v, %v", ok, err)
	}
}

// RSNULL is RS256 for whoever brings the DigestInfo (outlook/ALTAR#4), and takes SHA-1's as well.
func TestRSNULL(t *testing.T) {
	t.Parallel()
	k := key(t, kinds[0])
	digest := hashed(crypto.SHA256, "hello")
	prefix := []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}
	null, err := k.Sign("RSNULL", slices.Concat(prefix, digest))
	must.Do(t, err)
	plain, err := k.Sign("RS256", digest)
	must.Do(t, err)
	if !bytes.Equal(null, plain) {
		t.Error("RSNULL over a DigestInfo is not RS256")
	}
	sha1 := slices.Concat([]byte{0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14}, hashed(crypto.SHA1, "hello"))
	sig, err := k.Sign("RSNULL", sha1)
	must.Do(t, err)
	if err := rsa.VerifyPKCS1v15(k.key.(*rsa.PublicKey), crypto.SHA1, hashed(crypto.SHA1, "hello"), sig); err != nil {
		t.Error(err)
	}
}

// The standard library verifies what is signed here, and the reverse.
func TestSignaturesOfTheStandardLibrary(t *testing.T) {
	t.Parallel()
	for alg, c := range map[string]struct {
		kind  vault.KeyProps
		curve elliptic.Curve
		hash  crypto.Hash
	}{"ES256": {kinds[1], elliptic.P256(), crypto.SHA256}, "ES384": {kinds[2], elliptic.P384(), crypto.SHA384}, "ES512": {kinds[3], elliptic.P521(), crypto.SHA512}} {
		k := key(t, c.kind)
		digest := hashed(c.hash, "hello")
		for range 20 { // R or S is short in one of 128
			sig, err := k.Sign(alg, digest)
			must.Do(t, err)
			half := len(sig) / 2
			if !ecdsa.Verify(k.key.(*ecdsa.PublicKey), digest, new(big.Int).SetBytes(sig[:half]), new(big.Int).SetBytes(sig[half:])) {
				t.Errorf("%s does not verify", alg)
			}
		}
	}
	k := key(t, kinds[0])
	digest := hashed(crypto.SHA512, "hello")
	sig, err := k.Sign("PS512", digest)
	must.Do(t, err)
	if err := rsa.VerifyPSS(k.key.(*rsa.PublicKey), crypto.SHA512, digest, sig, &rsa.PSSOptions{SaltLength: 64}); err != nil {
		t.Error(err)
	}
}

func TestRawSignature(t *testing.T) {
	t.Parallel()
	long := bytes.Repeat([]byte{0x7f}, 66)
	for name, c := range map[string]struct {
		der  []byte
		half int
		want []byte
	}{
		"short numbers are padded": {[]byte{0x30, 6, 2, 1, 1, 2, 1, 2}, 2, []byte{0, 1, 0, 2}},
		"sign bytes go":            {[]byte{0x30, 7, 2, 2, 0, 0x80, 2, 1, 2}, 1, []byte{0x80, 2}},
		"long form":                {slices.Concat([]byte{0x30, 0x81, 136, 2, 66}, long, []byte{2, 66}, long), 66, slices.Concat(long, long)},
		"too big":                  {[]byte{0x30, 7, 2, 2, 1, 0x80, 2, 1, 2}, 1, nil},
		"no sequence":              {[]byte{0x31, 6, 2, 1, 1, 2, 1, 2}, 2, nil},
		"one number":               {[]byte{0x30, 3, 2, 1, 1}, 2, nil},
		"three numbers":            {[]byte{0x30, 9, 2, 1, 1, 2, 1, 2, 2, 1, 3}, 2, nil},
		"trailing":                 {[]byte{0x30, 6, 2, 1, 1, 2, 1, 2, 0}, 2, nil},
		"cut":                      {[]byte{0x30, 6, 2, 1, 1, 2, 1}, 2, nil},
		"endless":                  {[]byte{0x30, 0x80}, 2, nil},
		"empty":                    {nil, 2, nil},
		"length without bytes":     {[]byte{0x30, 0x81}, 2, nil},
	} {
		got, err := rawSignature(c.der, c.half)
		if !bytes.Equal(got, c.want) || (err == nil) != (c.want != nil) {
			t.Errorf("%s: %x, %v", name, got, err)
		}
	}
}
