package keys

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"testing"
	"time"

	"certwright/internal/must"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	decred "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// A race is an operation here and the bare crypto call in it.
type race struct {
	name       string
	ours, bare func() error
}

// BenchmarkAgainstBare prints x-bare for each operation: its time as a multiple
// of the bare call's, both in the same run and by turns, so that what else the
// machine does falls on both alike.
func BenchmarkAgainstBare(b *testing.B) {
	for _, r := range races(b) {
		b.Run(r.name, func(b *testing.B) {
			var ours, bare time.Duration
			timed := func(do func() error) time.Duration {
				start := time.Now() // real time is meant: it is what is measured
				for range 8 {
					must.Do(b, do())
				}
				return time.Since(start)
			}
			for b.Loop() {
				ours += timed(r.ours)
				bare += timed(r.bare)
			}
			b.ReportMetric(float64(ours.Nanoseconds())/float64(8*b.N), "ns/ours")
			b.ReportMetric(float64(ours)/float64(bare), "x-bare")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func races(b *testing.B) []race {
	digest := hashed(crypto.SHA256, "hello")
	rsaKey, p256, p256k, oct := key(b, kinds[0]), key(b, kinds[1]), key(b, kinds[4]), key(b, kinds[7])
	bareRSA, bareEC := rsaKey.signer.(*rsa.PrivateKey), p256.signer.(*ecdsa.PrivateKey)
	bareK := secp256k1.PrivKeyFromBytes(koblitzScalar(b, key(b, kinds[4])))
	value, page := make([]byte, 32), make([]byte, 4096)
	sign := func(k Key, alg string) func() error {
		return func() error { _, err := k.Sign(alg, digest); return err }
	}
	verify := func(k Key, alg string) func() error {
		sig, err := k.Sign(alg, digest)
		must.Do(b, err)
		return func() error { _, err := k.Verify(alg, digest, sig); return err }
	}
	sealed, err := rsaKey.Encrypt(Input{Alg: "RSA-OAEP-256", Value: value})
	must.Do(b, err)
	rsaSig, err := rsaKey.Sign("RS256", digest)
	must.Do(b, err)
	ecSig, err := bareEC.Sign(rand.Reader, digest, crypto.SHA256)
	must.Do(b, err)
	gcm, iv := bareGCM(b), make([]byte, 12)
	return []race{
		{"RS256 sign", sign(rsaKey, "RS256"), func() error {
			_, err := rsa.SignPKCS1v15(rand.Reader, bareRSA, crypto.SHA256, digest)
			return err
		}},
		{"PS256 sign", sign(rsaKey, "PS256"), func() error {
			_, err := rsa.SignPSS(rand.Reader, bareRSA, crypto.SHA256, digest, &rsa.PSSOptions{SaltLength: 32})
			return err
		}},
		{"ES256 sign", sign(p256, "ES256"), func() error { _, err := ecdsa.SignASN1(rand.Reader, bareEC, digest); return err }},
		{"ES256K sign", sign(p256k, "ES256K"), func() error { decred.Sign(bareK, digest); return nil }},
		{"RS256 verify", verify(rsaKey, "RS256"), func() error { return rsa.VerifyPKCS1v15(&bareRSA.PublicKey, crypto.SHA256, digest, rsaSig) }},
		{"ES256 verify", verify(p256, "ES256"), func() error { ecdsa.VerifyASN1(&bareEC.PublicKey, digest, ecSig); return nil }},
		{"RSA-OAEP-256 decrypt", func() error {
			_, err := rsaKey.Decrypt(Input{Alg: "RSA-OAEP-256", Value: sealed.Value})
			return err
		}, func() error {
			_, err := rsa.DecryptOAEP(sha256.New(), nil, bareRSA, sealed.Value, nil)
			return err
		}},
		{"RSA-OAEP-256 encrypt", func() error { _, err := rsaKey.Encrypt(Input{Alg: "RSA-OAEP-256", Value: value}); return err },
			func() error {
				_, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, &bareRSA.PublicKey, value, nil)
				return err
			}},
		{"A256GCM encrypt 4 KiB", func() error {
			_, err := oct.Encrypt(Input{Alg: "A256GCM", Value: page, IV: iv})
			return err
		}, func() error { gcm.Seal(nil, iv, page, nil); return nil }},
	}
}

func bareGCM(b *testing.B) cipher.AEAD {
	block, err := aes.NewCipher(make([]byte, 32))
	must.Do(b, err)
	gcm, err := cipher.NewGCM(block)
	must.Do(b, err)
	return gcm
}

// The one-off costs: reading a public key, setting up a secret one, an import.
func BenchmarkParsePublic(b *testing.B) {
	for _, kind := range asymmetric {
		der := key(b, kind).PKIX()
		b.Run(kindName(kind), func(b *testing.B) {
			for b.Loop() {
				_, err := ParsePublic(der)
				must.Do(b, err)
			}
		})
	}
}

func BenchmarkImport(b *testing.B) {
	for _, kind := range asymmetric {
		m := members(b, kind)
		b.Run(kindName(kind), func(b *testing.B) {
			for b.Loop() {
				_, err := Import(m)
				must.Do(b, err)
			}
		})
	}
	m := members(b, kinds[0])
	m.P, m.Q, m.DP, m.DQ, m.QI = nil, nil, nil, nil, nil
	b.Run("RSA without primes", func(b *testing.B) {
		for b.Loop() {
			_, err := Import(m)
			must.Do(b, err)
		}
	})
}
