package authority

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"testing"
	"time"

	"certwright/internal/must"
)

var noon = time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)

func newKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	return key
}

// aForm describes a certificate of a name, valid for a year.
func aForm(cn string) x509.Certificate {
	return x509.Certificate{SerialNumber: NewSerial(16), Subject: pkix.Name{CommonName: cn}, NotBefore: noon.Add(-Backdate), NotAfter: noon.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageCertSign}
}

func TestAuthorities(t *testing.T) {
	t.Parallel()
	root, err := Root(newKey(t), aForm("Root"))
	must.Do(t, err)
	form := aForm("Issuing")
	form.MaxPathLenZero = true
	issuing, err := root.Below(newKey(t), form)
	must.Do(t, err)
	if form.IsCA || form.SubjectKeyId != nil {
		t.Error("the form that was handed in was changed")
	}
	key := newKey(t)
	leafForm := aForm("leaf")
	leafForm.KeyUsage, leafForm.DNSNames = x509.KeyUsageDigitalSignature, []string{"leaf.example"}
	der, err := issuing.Leaf(key.Public(), leafForm)
	must.Do(t, err)
	leaf, err := x509.ParseCertificate(der)
	must.Do(t, err)
	if !Known(issuing.Certificate.RawSubjectPublicKeyInfo, der) || Known(root.Certificate.RawSubjectPublicKeyInfo, der) {
		t.Error("who signed the leaf has to be found out again")
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(root.Certificate)
	between.AddCert(issuing.Certificate)
	chains, err := leaf.Verify(x509.VerifyOptions{DNSName: "leaf.example", Roots: roots, Intermediates: between, CurrentTime: noon, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil || len(chains) != 1 || len(chains[0]) != 3 {
		t.Errorf("chains %d, %v", len(chains), err)
	}
	if leaf.IsCA || leaf.BasicConstraintsValid || leaf.SubjectKeyId != nil || !key.Public().(*ecdsa.PublicKey).Equal(leaf.PublicKey) {
		t.Error("the leaf has what its form does not say, or another key")
	}
	for _, a := range []Authority{root, issuing} {
		id, err := KeyID(a.Key.Public())
		c := a.Certificate
		if err != nil || !c.IsCA || !c.BasicConstraintsValid || !bytes.Equal(c.SubjectKeyId, id) {
			t.Errorf("%s: CA %v, key identifier %x, want %x, %v", c.Subject, c.IsCA, c.SubjectKeyId, id, err)
		}
		if v := a.Validity(); !v.From.Equal(noon.Add(-10*time.Minute)) || !v.To.Equal(noon.AddDate(1, 0, 0)) {
			t.Errorf("%s is valid %v", c.Subject, v)
		}
	}
	if root.Certificate.MaxPathLen != -1 || issuing.Certificate.MaxPathLen != 0 {
		t.Errorf("path lengths %d and %d", root.Certificate.MaxPathLen, issuing.Certificate.MaxPathLen)
	}
	if !bytes.Equal(leaf.AuthorityKeyId, issuing.Certificate.SubjectKeyId) || !bytes.Equal(issuing.Certificate.AuthorityKeyId, root.Certificate.SubjectKeyId) {
		t.Error("the authority key identifiers are not those of who signed")
	}
}

// A key that crypto/x509 does not know, and one that is not the certificate's, are errors.
func TestSignsNothingBroken(t *testing.T) {
	t.Parallel()
	root, err := Root(newKey(t), aForm("Root"))
	must.Do(t, err)
	if c, err := root.Leaf("no key", aForm("leaf")); err == nil || c != nil {
		t.Errorf("a leaf for no key: %v, %v", c, err)
	}
	stranger := Authority{root.Certificate, newKey(t)}
	if c, err := stranger.Leaf(newKey(t).Public(), aForm("leaf")); err == nil || c != nil {
		t.Errorf("a leaf signed by another key than the certificate's: %v, %v", c, err)
	}
}

func TestNewSerial(t *testing.T) {
	t.Parallel()
	for _, octets := range []int{16, 20} {
		seen := map[string]bool{}
		for range 200 {
			n := NewSerial(octets)
			if n.Sign() <= 0 || n.BitLen() != 8*octets-1 || seen[n.String()] {
				t.Fatalf("serial number %x of %d octets: %d bits, came before: %v", n, octets, n.BitLen(), seen[n.String()])
			}
			seen[n.String()] = true
		}
	}
}

// The digest is that of the uncompressed point: the base point of P-256 here.
func TestKeyID(t *testing.T) {
	t.Parallel()
	point, _ := hex.DecodeString("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	must.Do(t, err)
	der, err := x509.MarshalPKIXPublicKey(key)
	must.Do(t, err)
	if got := KeyBits(der); !bytes.Equal(got, point) {
		t.Errorf("the key's bits are %x", got)
	}
	if got := KeyBits([]byte("no key")); string(got) != "no key" {
		t.Errorf("the bits of what is no key are %q", got)
	}
	id, err := KeyID(key)
	if want := "698bea63dc44a344663ff1429aea10842df27b6b"; err != nil || hex.EncodeToString(id) != want {
		t.Errorf("key identifier %x, want %s, %v", id, want, err)
	}
}

func TestValidity(t *testing.T) {
	t.Parallel()
	v := ForMonths(1, time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC))
	if want := (Validity{time.Date(2026, 1, 31, 11, 50, 0, 0, time.UTC), time.Date(2026, 2, 28, 12, 0, 0, 0, time.UTC)}); v != want {
		t.Errorf("a month is %v, want %v", v, want)
	}
	if got := AfterMonths(time.Date(2024, 1, 31, 10, 0, 0, 0, time.UTC), 13); !got.Equal(time.Date(2025, 2, 28, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("13 months after 31 January 2024 it is %v", got)
	}
	hour := func(from, to int) Validity {
		return Validity{noon.Add(time.Duration(from) * time.Hour), noon.Add(time.Duration(to) * time.Hour)}
	}
	for _, c := range []struct{ v, signer, want Validity }{
		{hour(1, 2), hour(0, 3), hour(1, 2)}, {hour(0, 2), hour(1, 3), hour(1, 2)}, {hour(1, 4), hour(0, 3), hour(1, 3)}, {hour(0, 4), hour(1, 3), hour(1, 3)},
	} {
		if got := c.v.Within(c.signer); got != c.want {
			t.Errorf("%v within %v is %v, want %v", c.v, c.signer, got, c.want)
		}
	}
}

func TestPEM(t *testing.T) {
	t.Parallel()
	block, rest := pem.Decode(PEM([]byte{1, 2, 3}))
	if block == nil || block.Type != "CERTIFICATE" || !bytes.Equal(block.Bytes, []byte{1, 2, 3}) || len(rest) > 0 {
		t.Errorf("read back: %+v, then %q", block, rest)
	}
}
