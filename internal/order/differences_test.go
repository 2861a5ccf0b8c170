package order

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"testing"
	"time"

	"certwright/internal/certs"
	"certwright/internal/vault"
)

// What an authority made otherwise than it was asked is told, and nothing else.
func TestDifferences(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	server := "1.3.6.1.5.5.7.3.1"
	want := vault.X509Props{Subject: "CN=web.example.test", SANs: &vault.SANs{DNS: []string{"web.example.test", "www.example.test"}}, EKUs: []string{server}, ValidityMonths: 12}
	for name, c := range map[string]struct {
		change func(leaf *x509.Certificate, want *vault.X509Props)
		says   []string
	}{
		"as asked":         {func(*x509.Certificate, *vault.X509Props) {}, nil},
		"in other letters": {func(leaf *x509.Certificate, _ *vault.X509Props) { leaf.DNSNames[1] = "WWW.Example.Test" }, nil},
		"more names": {func(leaf *x509.Certificate, _ *vault.X509Props) {
			leaf.DNSNames = append(leaf.DNSNames, "c.example.test")
		}, nil},
		"fewer names": {func(leaf *x509.Certificate, _ *vault.X509Props) { leaf.DNSNames = leaf.DNSNames[:1] },
			[]string{"left out names that the policy asks for: www.example.test."}},
		"no names":           {func(leaf *x509.Certificate, _ *vault.X509Props) { leaf.DNSNames = nil }, []string{"web.example.test, www.example.test."}},
		"nobody asked names": {func(_ *x509.Certificate, want *vault.X509Props) { want.SANs = nil }, nil},
		"an organization": {func(leaf *x509.Certificate, _ *vault.X509Props) { leaf.Subject.Organization = []string{"Example"} },
			[]string{"made the subject CN=web.example.test, O=Example, where the policy asks for CN=web.example.test."}},
		"no subject": {func(leaf *x509.Certificate, _ *vault.X509Props) { leaf.Subject = pkix.Name{} }, []string{"made the subject empty, where"}},
		"other usages": {func(leaf *x509.Certificate, _ *vault.X509Props) {
			leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}, []string{"made the extended key usages 1.3.6.1.5.5.7.3.2, where the policy asks for " + server + "."}},
		"days": {func(leaf *x509.Certificate, _ *vault.X509Props) {
			leaf.NotAfter = from.AddDate(0, 0, 90).Add(-time.Second)
		},
			[]string{"made the validity 90 days, where the policy asks for 12 months."}},
		"hours":          {func(leaf *x509.Certificate, _ *vault.X509Props) { leaf.NotAfter = from.Add(36 * time.Hour) }, []string{"made the validity 36h0m0s, where"}},
		"a little short": {func(leaf *x509.Certificate, _ *vault.X509Props) { leaf.NotAfter = from.AddDate(0, 0, 364) }, nil},
	} {
		leaf := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "web.example.test"}, DNSNames: []string{"web.example.test", "www.example.test"},
			NotBefore: from, NotAfter: from.AddDate(1, 0, 0), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
		want := want
		c.change(leaf, &want)
		der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		read, err := certs.Parse(der)
		if err != nil {
			t.Fatal(err)
		}
		got := differences(want, read)
		if len(got) != len(c.says) {
			t.Errorf("%s: %q, want %q", name, got, c.says)
			continue
		}
		for i, part := range c.says {
			if !strings.Contains(got[i], part) {
				t.Errorf("%s: %q does not say %q", name, got[i], part)
			}
		}
	}
}
