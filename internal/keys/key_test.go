package keys

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"certwright/internal/must"
	"certwright/internal/vault"
)

// A key of every kind and size is written, judged by openssl, and read again.
func TestKeyRoundTrip(t *testing.T) {
	t.Parallel()
	sizes := []vault.KeyProps{{Type: vault.RSAHSM, Size: 3072}, {Type: vault.RSA, Size: 4096}, {Type: vault.ECHSM, Curve: vault.P384}}
	for _, p := range slices.Concat(asymmetric, sizes) {
		t.Run(kindName(p), func(t *testing.T) {
			t.Parallel()
			k := key(t, p)
			if out := openssl(t, keyFolder(t, p), nil, "pkey", "-in", "private.pem", "-noout", "-check"); !strings.Contains(string(out), "Key is valid") {
				t.Errorf("openssl says %s", out)
			}
			stored, err := k.Stored()
			must.Do(t, err)
			again, err := Parse(stored.Private)
			must.Do(t, err)
			if !bytes.Equal(again.PKIX(), k.PKIX()) || !bytes.Equal(stored.Public, k.PKIX()) {
				t.Error("the public key changed on the way")
			}
			size := max(p.Size, p.Curve.Size())
			if again.Type().IsRSA() != p.Type.IsRSA() || again.Type().HSM() || again.Curve() != p.Curve || again.Size() != size {
				t.Errorf("read as %s %s %d, want %+v", again.Type(), again.Curve(), again.Size(), p)
			}
			if stored.Type != again.Type() || stored.Curve != p.Curve || stored.Size != size {
				t.Errorf("stored as %s %s %d, want %+v", stored.Type, stored.Curve, stored.Size, p)
			}
		})
	}
}

func TestPublicKeyParts(t *testing.T) {
	t.Parallel()
	for _, p := range asymmetric {
		k := key(t, p)
		parsed, err := ParsePublic(k.PKIX())
		must.Do(t, err)
		pub := parsed.Members()
		field := (p.Curve.Size() + 7) / 8
		if len(pub.X) != field || len(pub.Y) != field {
			t.Errorf("X and Y are %d and %d bytes, want %d", len(pub.X), len(pub.Y), field)
		}
		switch s := k.Signer().Public().(type) {
		case *rsa.PublicKey:
			if !bytes.Equal(pub.N, s.N.Bytes()) || !bytes.Equal(pub.E, []byte{1, 0, 1}) || len(pub.N) != p.Size/8 {
				t.Errorf("N and E are %x %x", pub.N, pub.E)
			}
		case *ecdsa.PublicKey:
			if point, err := s.Bytes(); err != nil || !bytes.Equal(point[1:], append(pub.X, pub.Y...)) {
				t.Errorf("X and Y are %x %x (%v)", pub.X, pub.Y, err)
			}
		case *secp256k1.PublicKey:
			if s.X().Cmp(new(big.Int).SetBytes(pub.X)) != 0 || s.Y().Cmp(new(big.Int).SetBytes(pub.Y)) != 0 {
				t.Errorf("X and Y are %x %x", pub.X, pub.Y)
			}
		default:
			t.Errorf("a public key of type %T", s)
		}
	}
}

// Keys far larger than any in use are refused before anything is computed.
func TestHugeKeysAreRefused(t *testing.T) {
	t.Parallel()
	n := new(big.Int).Lsh(big.NewInt(1), 1<<20)
	n.SetBit(n, 0, 1)
	huge := &rsa.PublicKey{N: n, E: 1<<31 - 1}
	pkix, err := x509.MarshalPKIXPublicKey(huge)
	must.Do(t, err)
	if _, err := ParsePublic(pkix); err == nil {
		t.Error("a public key of a million bits is taken")
	}
	if _, err := Parse(pkix); err == nil {
		t.Error("a private key of a hundred thousand bytes is taken")
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, p := range []vault.KeyProps{{}, {Type: vault.Oct}, {Type: vault.RSA}, {Type: vault.RSA, Size: 1024}, {Type: vault.EC}, {Type: vault.EC, Curve: "P-224"}} {
		if _, err := New(p); err == nil {
			t.Errorf("%+v was taken", p)
		}
	}
}

// A key is written once, however often it is asked for.
func TestWrittenOnce(t *testing.T) {
	t.Parallel()
	for _, p := range []vault.KeyProps{{Type: vault.EC, Curve: vault.P256}, {Type: vault.EC, Curve: vault.P256K}, rsa2048} {
		k := key(t, p)
		a, err := k.PKCS8()
		if err != nil {
			t.Fatal(err)
		}
		b, err := k.Named("https://example/keys/k/1").PKCS8()
		if err != nil || &a[0] != &b[0] || &k.PKIX()[0] != &k.PKIX()[0] {
			t.Errorf("%v: written twice (%v)", p, err)
		}
		if grown := append(a, 0); &grown[0] == &a[0] {
			t.Errorf("%v: what is appended to it stands in it", p)
		}
		if !bytes.Equal(k.PKIX(), k.Public.PKIX()) {
			t.Errorf("%v: two public keys", p)
		}
	}
}
