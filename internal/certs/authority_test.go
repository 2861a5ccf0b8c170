package certs

import (
	"crypto/x509"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/authority"
	"certwright/internal/keys"
	"certwright/internal/must"
	"certwright/internal/vault"
)

func TestAuthority(t *testing.T) {
	t.Parallel()
	ca, err := NewAuthority(`Dev "CA", Inc`, testNow)
	must.Do(t, err)
	root, err := x509.ParseCertificate(ca.Certificate)
	must.Do(t, err)
	if !root.IsCA || root.Subject.CommonName != `Dev "CA", Inc` || root.NotAfter != testNow.AddDate(10, 0, 0) {
		t.Errorf("the authority's certificate: CA %v, name %q, until %v", root.IsCA, root.Subject.CommonName, root.NotAfter)
	}
	program := lookPath(t, "openssl")
	caFile := filepath.Join(t.TempDir(), "ca.pem")
	write(t, caFile, []byte(certificatesOf(t, [][]byte{ca.Certificate})))
	eachKind(t, func(t *testing.T, p vault.KeyProps, k keys.Key) {
		x := webProps()
		x.Usage, x.CA = []vault.KeyUsage{vault.DigitalSignature, vault.KeyCertSign}, true
		csr, err := Request(k, x)
		must.Do(t, err)
		der, err := ca.Issue(csr, 3, testNow)
		must.Do(t, err)
		c, err := Parse(der)
		must.Do(t, err)
		want := vault.X509Props{Subject: c.Subject, SANs: x.SANs, EKUs: x.EKUs, Usage: []vault.KeyUsage{vault.DigitalSignature}, ValidityMonths: 4}
		if diff := cmp.Diff(want, c.Props()); diff != "" {
			t.Errorf("issued (-want +got):\n%s", diff)
		}
		if c.NotAfter != authority.AfterMonths(testNow, 3) || !keys.Same(c.Public, k.PKIX()) {
			t.Errorf("valid until %v, of another key: %v", c.NotAfter, !keys.Same(c.Public, k.PKIX()))
		}
		file := filepath.Join(t.TempDir(), "leaf.pem")
		write(t, file, []byte(certificatesOf(t, [][]byte{der})))
		at := testNow.Add(time.Hour).Unix()
		if out, err := exec.Command(program, "verify", "-x509_strict", "-attime", strconv.FormatInt(at, 10), "-CAfile", caFile, file).CombinedOutput(); err != nil {
			t.Errorf("openssl does not verify: %v\n%s", err, out)
		}
		if p.Curve == vault.P256K {
			return
		}
		leaf, err := x509.ParseCertificate(der)
		must.Do(t, err)
		if err := leaf.CheckSignatureFrom(root); err != nil {
			t.Error(err)
		}
	})
}

// An authority's leaves end no later than it does itself.
func TestAuthorityEnds(t *testing.T) {
	t.Parallel()
	ca, err := NewAuthority("CA", testNow)
	must.Do(t, err)
	csr, err := Request(newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256}), vault.X509Props{Subject: "CN=a"})
	must.Do(t, err)
	der, err := ca.Issue(csr, 24, testNow.AddDate(9, 0, 0))
	must.Do(t, err)
	c, err := Parse(der)
	must.Do(t, err)
	if c.NotAfter != testNow.AddDate(10, 0, 0) {
		t.Errorf("the leaf ends %v", c.NotAfter)
	}
	if _, err := ca.Issue(csr, 12, testNow.AddDate(11, 0, 0)); err == nil {
		t.Error("an authority that has ended issues")
	}
	csr[len(csr)-1] ^= 1
	if _, err := ca.Issue(csr, 12, testNow); err == nil {
		t.Error("a request with a broken signature is signed")
	}
}
