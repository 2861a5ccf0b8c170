package certs

import (
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/vault"
)

// Names that a certificate is for stand among the alternative names, once; a
// common name that is too long is left out where they carry it.
func TestFitted(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 40) + "." + strings.Repeat("b", 40) + ".example.test"
	for name, c := range map[string]struct {
		subject  string
		sans     *vault.SANs
		want     string // the subject
		dns, ips []string
		refused  bool
	}{
		"in the common name only":  {"CN=www.example.test", nil, "CN=www.example.test", []string{"www.example.test"}, nil, false},
		"in both, in another case": {"CN=WWW.example.test", &vault.SANs{DNS: []string{"www.example.test"}}, "CN=WWW.example.test", []string{"www.example.test"}, nil, false},
		"with the root's dot":      {"CN=www.example.test.", nil, "CN=www.example.test.", []string{"www.example.test"}, nil, false},
		"a wildcard":               {"O=Example, CN=*.example.test", nil, "O=Example, CN=*.example.test", []string{"*.example.test"}, nil, false},
		"two common names":         {"CN=a.test, CN=b.test", nil, "CN=a.test, CN=b.test", []string{"b.test", "a.test"}, nil, false},
		"an address":               {"CN=10.0.0.1", nil, "CN=10.0.0.1", nil, []string{"10.0.0.1"}, false},
		"beside others, recorded":  {"CN=*.example.test", &vault.SANs{DNS: []string{"a.test"}}, "CN=*.example.test", []string{"a.test"}, nil, false},
		"no DNS name":              {"CN=My Service 1.0", nil, "CN=My Service 1.0", nil, nil, false},
		"a version":                {"CN=release-1.0", nil, "CN=release-1.0", nil, nil, false},
		"one label, as recorded":   {"CN=MyCert", nil, "CN=MyCert", nil, nil, false},
		"twice":                    {"CN=x", &vault.SANs{DNS: []string{"a.test", "b.test", "A.test"}, IPs: []string{"::1", "0:0::1"}}, "CN=x", []string{"a.test", "b.test"}, []string{"::1"}, false},
		"long and carried":         {"O=Example, CN=" + long, &vault.SANs{DNS: []string{long}}, "O=Example", []string{long}, nil, false},
		"long, alone, and carried": {"CN=" + long, &vault.SANs{DNS: []string{strings.ToUpper(long)}}, "", []string{strings.ToUpper(long)}, nil, false},
		"long and not carried":     {"CN=" + long, &vault.SANs{DNS: []string{"a.test"}}, "", nil, nil, true},
		"long and no name":         {"CN=" + strings.Repeat("x", 65), nil, "", nil, nil, true},
		"64 characters, not bytes": {"CN=" + strings.Repeat("ü", 64), nil, "CN=" + strings.Repeat("ü", 64), nil, nil, false},
	} {
		x := vault.X509Props{Subject: c.subject, SANs: c.sans, ValidityMonths: 12}
		got, err := Fitted(x)
		if c.refused {
			var refusal *vault.Error
			if !errors.As(err, &refusal) || !strings.Contains(refusal.Message, "longer than 64 characters") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sans := vault.SANs{}
		if got.SANs != nil {
			sans = *got.SANs
		}
		if got.Subject != c.want || !slices.Equal(sans.DNS, c.dns) || !slices.Equal(sans.IPs, c.ips) {
			t.Errorf("%s: %q with %q and %q, want %q with %q and %q", name, got.Subject, sans.DNS, sans.IPs, c.want, c.dns, c.ips)
		}
		if again, err := Fitted(got); err != nil || again.Subject != got.Subject || len(sans.DNS) > 0 && !slices.Equal(again.SANs.DNS, sans.DNS) {
			t.Errorf("%s: fitted twice: %+v, %v", name, again, err)
		}
		requestAndLeaf(t, name, x, c.dns, len(c.ips))
	}
}

// requestAndLeaf holds what is written to the same rules.
func requestAndLeaf(t *testing.T, name string, x vault.X509Props, dns []string, ips int) {
	t.Helper()
	key := newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	der, err := Request(key, x)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if der, err = SelfSign(key, x, time.Now()); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for what, got := range map[string][]string{"request": csr.DNSNames, "leaf": leaf.DNSNames} {
		if !slices.Equal(got, dns) {
			t.Errorf("%s: the %s is for %q, want %q", name, what, got, dns)
		}
	}
	if len(csr.IPAddresses) != ips || len(leaf.IPAddresses) != ips {
		t.Errorf("%s: %d and %d addresses, want %d", name, len(csr.IPAddresses), len(leaf.IPAddresses), ips)
	}
	for _, cn := range []string{csr.Subject.CommonName, leaf.Subject.CommonName} {
		if len([]rune(cn)) > 64 {
			t.Errorf("%s: a common name of %d characters was written", name, len([]rune(cn)))
		}
	}
	for _, e := range leaf.Extensions {
		if e.Id.Equal([]int{2, 5, 29, 17}) && e.Critical != (len(leaf.Subject.Names) == 0) {
			t.Errorf("%s: alternative names critical: %v, with the subject %q", name, e.Critical, leaf.Subject)
		}
	}
}

// A leaf is no authority: keyCertSign stays out of it (RFC 5280 section
// 4.2.1.3), though the request asks for it as the policy does.
func TestSelfSignIsNoAuthority(t *testing.T) {
	t.Parallel()
	key := newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	x := webProps()
	x.Usage = []vault.KeyUsage{vault.DigitalSignature, vault.KeyCertSign}
	for _, ca := range []bool{false, true} {
		x.CA = ca
		der, err := SelfSign(key, x, time.Now())
		must.Do(t, err)
		leaf, err := x509.ParseCertificate(der)
		must.Do(t, err)
		if signs := leaf.KeyUsage&x509.KeyUsageCertSign != 0; signs != ca || leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
			t.Errorf("CA %v: key usage %b", ca, leaf.KeyUsage)
		}
	}
}
