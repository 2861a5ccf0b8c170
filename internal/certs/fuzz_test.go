package certs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/keys"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// What the standard library takes for a certificate is one here, and says the same.
func FuzzParseCertificate(f *testing.F) {
	for _, kind := range []vault.KeyProps{{Type: vault.EC, Curve: vault.P256}, {Type: vault.EC, Curve: vault.P256K}, {Type: vault.RSA, Size: 2048}} {
		_, chain := issued(f, kind)
		f.Add(chain[0])
		f.Add(chain[1])
	}
	for _, odd := range withTails(f) {
		f.Add(odd)
	}
	f.Add(selfSigned(f, newKey(f, vault.KeyProps{Type: vault.EC, Curve: vault.P521}), vault.X509Props{SANs: &vault.SANs{DNS: []string{"a"}}, ValidityMonths: 500, Usage: vault.Usages, CA: true}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := Parse(raw)
		std, stdErr := x509.ParseCertificate(raw)
		if stdErr == nil && err != nil {
			t.Fatalf("not read: %v", err)
		}
		if err != nil {
			return
		}
		x := c.Props()
		c.KeyProps()
		Order([][]byte{raw, raw}, 0)
		if _, err := FindLeaf([][]byte{raw}, c.Public); err != nil {
			t.Fatal("a certificate is not its own key's")
		}
		if x.EKUs == nil || x.Usage == nil || !slices.IsSortedFunc(x.Usage, func(a, b vault.KeyUsage) int {
			return strings.Compare(strings.ToLower(string(a)), strings.ToLower(string(b)))
		}) {
			t.Fatalf("lists are %v %v", x.EKUs, x.Usage)
		}
		if stdErr != nil {
			return
		}
		if !bytes.Equal(c.SubjectDER, std.RawSubject) || !bytes.Equal(c.IssuerDER, std.RawIssuer) || !bytes.Equal(c.Public, std.RawSubjectPublicKeyInfo) ||
			!c.NotBefore.Equal(std.NotBefore) || !c.NotAfter.Equal(std.NotAfter) || c.IsCA != std.IsCA {
			t.Fatalf("read as %+v, by the standard library as %+v", c, std)
		}
		if len(x.EKUs) != len(std.ExtKeyUsage)+len(std.UnknownExtKeyUsage) {
			t.Fatalf("usages %v, by the standard library %v %v", x.EKUs, std.ExtKeyUsage, std.UnknownExtKeyUsage)
		}
		if c.sans != nil && (!slices.Equal(c.sans.DNS, std.DNSNames) || len(c.sans.Emails) != len(std.EmailAddresses) || len(c.sans.URIs) != len(std.URIs)) {
			t.Fatalf("names %v, by the standard library %v", c.sans, std.DNSNames)
		}
	})
}

// withTails returns certificates with an extension whose value has bytes behind
// what is read of it; the standard library takes them all.
func withTails(t testing.TB) [][]byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	var odd [][]byte
	for _, ext := range []pkix.Extension{
		{Id: asn1.ObjectIdentifier(oidKeyUsage), Value: []byte{3, 2, 7, 128, 5, 0}},
		{Id: asn1.ObjectIdentifier(oidEKU), Value: []byte{0x30, 3, 6, 1, 42, 5, 0}},
		{Id: asn1.ObjectIdentifier(oidSAN), Value: []byte{0x30, 3, 0x82, 1, 'a', 5, 0}},
		{Id: asn1.ObjectIdentifier(oidBasicConstraints), Value: []byte{0x30, 3, 1, 1, 255, 5, 0}},
	} {
		template := &x509.Certificate{SerialNumber: big.NewInt(1), ExtraExtensions: []pkix.Extension{ext}}
		raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		must.Do(t, err)
		odd = append(odd, raw)
	}
	return odd
}

// What the standard library takes for a signed request is one here.
func FuzzParseRequest(f *testing.F) {
	for _, kind := range []vault.KeyProps{{Type: vault.EC, Curve: vault.P384}, {Type: vault.EC, Curve: vault.P256K}, {Type: vault.RSA, Size: 2048}} {
		csr, err := Request(newKey(f, kind), webProps())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(csr)
	}
	f.Fuzz(func(t *testing.T, csr []byte) {
		r, err := ParseRequest(csr)
		if err == nil {
			if _, err := keys.ParsePublic(r.Public); err != nil {
				t.Fatalf("a request whose key cannot be read: %v", err)
			}
			return
		}
		std, stdErr := x509.ParseCertificateRequest(csr)
		if stdErr == nil && std.SignatureAlgorithm != x509.SHA1WithRSA && std.SignatureAlgorithm != x509.ECDSAWithSHA1 && std.CheckSignature() == nil {
			t.Fatalf("not read: %v", err)
		}
	})
}

// Whatever is read as PEM can be written and read again.
func FuzzReadPEM(f *testing.F) {
	k, chain := issued(f, vault.KeyProps{Type: vault.EC, Curve: vault.P256K})
	text, err := WritePEM(&k, chain)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(text), "")
	f.Add([]byte(strings.ReplaceAll(text, "\n", "\r\n")), "")
	f.Add([]byte(strings.ReplaceAll(text, "PRIVATE", "ENCRYPTED PRIVATE")), "secret")
	f.Fuzz(func(t *testing.T, text []byte, pwd string) {
		b, err := ReadPEM(t.Context(), text, pwd)
		if err != nil {
			return
		}
		again, err := WritePEM(&b.Key, b.Chain)
		must.Do(t, err)
		c, err := ReadPEM(t.Context(), []byte(again), "")
		if err != nil || !cmp.Equal(b.Chain, c.Chain) || b.Leaf != c.Leaf {
			t.Fatalf("written and read again: %v", err)
		}
	})
}
