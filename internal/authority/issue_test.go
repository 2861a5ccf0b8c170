package authority

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"testing"
	"time"

	"certwright/internal/must"
)

var (
	subject = []byte{0x30, 15, 0x31, 13, 0x30, 11, 6, 3, 0x55, 4, 3, 12, 4, 'l', 'e', 'a', 'f'}
	names   = []byte{0x30, 6, 0x82, 4, 'l', 'e', 'a', 'f'}
)

// What Issue writes is what crypto/x509 writes of the same, byte for byte, and well
// signed by every kind of key.
func TestIssue(t *testing.T) {
	t.Parallel()
	for name, key := range signers(t) {
		a, err := Root(key, aForm("Root"))
		must.Do(t, err)
		for n, f := range forms(t) {
			t.Run(fmt.Sprintf("%s %d", name, n), func(t *testing.T) { compare(t, a, f) })
		}
	}
}

func signers(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	all := map[string]crypto.Signer{}
	for _, curve := range []elliptic.Curve{elliptic.P224(), elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		must.Do(t, err)
		all[curve.Params().Name] = key
	}
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	must.Do(t, err)
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	must.Do(t, err)
	all["RSA"], all["Ed25519"] = long, edwards
	return all
}

// forms differ in all that a form may have.
func forms(t *testing.T) (all []Form) {
	t.Helper()
	public, err := x509.MarshalPKIXPublicKey(newKey(t).Public())
	must.Do(t, err)
	plain := Form{Serial: NewSerial(20), Subject: subject, Public: public, Valid: ForMonths(12, noon), KeyID: KeyIDOf(public)}
	all = append(all, plain)
	for usage := x509.KeyUsageDigitalSignature; usage <= x509.KeyUsageDecipherOnly; usage <<= 1 {
		f := plain
		f.Usage = usage | x509.KeyUsageKeyEncipherment
		all = append(all, f)
	}
	full := plain
	full.Purposes = []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 1}, {1, 3, 6, 1, 4, 1, 311, 20, 2, 2}}
	full.Authorities, full.Revoked = []string{"http://ca.example/a.crt"}, []string{"http://ca.example/a.crl", "http://b.example/a.crl"}
	full.Alternatives = names
	nameless := full
	nameless.Subject = []byte{0x30, 0}
	long := full
	long.Valid.To = time.Date(2061, 2, 3, 4, 5, 6, 789, time.FixedZone("", 3600))
	return append(all, full, nameless, long)
}

func compare(t *testing.T, a Authority, f Form) {
	public, err := x509.ParsePKIXPublicKey(f.Public)
	must.Do(t, err)
	form := x509.Certificate{SerialNumber: f.Serial, RawSubject: f.Subject, NotBefore: f.Valid.From, NotAfter: f.Valid.To, KeyUsage: f.Usage,
		UnknownExtKeyUsage: f.Purposes, BasicConstraintsValid: true, SubjectKeyId: f.KeyID, IssuingCertificateURL: f.Authorities, CRLDistributionPoints: f.Revoked}
	if f.Alternatives != nil {
		form.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Critical: len(f.Subject) <= 2, Value: f.Alternatives}}
	}
	der, err := a.Leaf(public, form)
	must.Do(t, err)
	want, err := x509.ParseCertificate(der)
	must.Do(t, err)
	der, err = a.Issue(f)
	must.Do(t, err)
	got, err := x509.ParseCertificate(der)
	must.Do(t, err)
	if !bytes.Equal(got.RawTBSCertificate, want.RawTBSCertificate) || got.SignatureAlgorithm != want.SignatureAlgorithm {
		t.Errorf("%s\n%x, want %s\n%x", got.SignatureAlgorithm, got.RawTBSCertificate, want.SignatureAlgorithm, want.RawTBSCertificate)
	}
	if err := got.CheckSignatureFrom(a.Certificate); err != nil {
		t.Error(err)
	}
	if !Known(a.Certificate.RawSubjectPublicKeyInfo, der) {
		t.Error("who signed it has to be found out again")
	}
}

// A key of another make is not trusted to sign.
func TestIssueByOtherKey(t *testing.T) {
	t.Parallel()
	a, err := Root(newKey(t), aForm("Root"))
	must.Do(t, err)
	a.Key = struct{ crypto.Signer }{a.Key}
	if der, err := a.Issue(forms(t)[0]); err == nil || der != nil {
		t.Errorf("%x, %v", der, err)
	}
	a.Key = nil
	if der, err := a.Issue(forms(t)[0]); err == nil || der != nil {
		t.Errorf("%x, %v", der, err)
	}
}
