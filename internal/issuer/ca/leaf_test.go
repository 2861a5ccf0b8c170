package ca

import (
	"crypto/sha256"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

func TestLeaf(t *testing.T) {
	t.Parallel()
	i, _ := newIssuer(t, Settings{PublicURL: "http://pki.example.org/"})
	p := policyOf("CN=www.example.org,O=Example", vault.SANs{DNS: []string{"example.org"}, IPs: []string{"10.0.0.1", "2001:db8::1"},
		Emails: []string{"alice@example.org"}, UPNs: []string{"alice@example.org"}, URIs: []string{"spiffe://example.org/a"}})
	p.X509.ValidityMonths = 2
	leaf, progress := issue(t, i, orderOf(t, "", p, begin))
	ips := []string{}
	for _, ip := range leaf.IPAddresses {
		ips = append(ips, ip.String())
	}
	got := map[string]any{
		"subject": leaf.Subject.String(), "issuer": leaf.Issuer.String(), "DNS": leaf.DNSNames, "mail": leaf.EmailAddresses, "IP": ips,
		"URI": leaf.URIs[0].String(), "from": leaf.NotBefore, "to": leaf.NotAfter, "usage": leaf.KeyUsage, "EKU": leaf.ExtKeyUsage,
		"CDP": leaf.CRLDistributionPoints, "AIA": leaf.IssuingCertificateURL, "CA": leaf.IsCA, "version": leaf.Version,
	}
	want := map[string]any{
		"subject": "CN=www.example.org,O=Example", "issuer": "CN=Internal Issuing CA", "DNS": []string{"example.org", "www.example.org"}, "mail": []string{"alice@example.org"}, "IP": []string{"10.0.0.1", "2001:db8::1"},
		"URI": "spiffe://example.org/a", "from": begin.Add(-5 * time.Minute), "to": begin.AddDate(0, 2, 0), "usage": x509.KeyUsageDigitalSignature,
		"EKU": []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		"CDP": []string{"http://pki.example.org/pki/internal-1.crl"}, "AIA": []string{"http://pki.example.org/pki/internal-1.crt"}, "CA": false, "version": 3,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the leaf (-want +got):\n%s", diff)
	}
	issuing, err := x509.ParseCertificate(progress.Chain[1])
	must.Do(t, err)
	if n := leaf.SerialNumber; n.Sign() <= 0 || len(n.Bytes()) != 20 || n.BitLen() > 159 {
		t.Errorf("the serial number %x is not positive in 20 octets", n)
	}
	if string(leaf.AuthorityKeyId) != string(issuing.SubjectKeyId) || len(leaf.SubjectKeyId) != 20 {
		t.Errorf("key identifiers: %x above %x, %x", leaf.AuthorityKeyId, issuing.SubjectKeyId, leaf.SubjectKeyId)
	}
	// The bits of a P-256 key are the last 65 octets of its PKIX form.
	if sum := sha256.Sum256(leaf.RawSubjectPublicKeyInfo[len(leaf.RawSubjectPublicKeyInfo)-65:]); string(sum[:20]) != string(leaf.SubjectKeyId) {
		t.Errorf("the subject key identifier %x is not of RFC 7093", leaf.SubjectKeyId)
	}
	if !issuing.MaxPathLenZero || issuing.MaxPathLen != 0 || len(progress.Chain) != 2 || issuing.CRLDistributionPoints[0] != "http://pki.example.org/pki/internal-root1.crl" {
		t.Errorf("the issuing CA: path length %d, %v", issuing.MaxPathLen, issuing.CRLDistributionPoints)
	}
	root := certificateOf(t, i, "internal-root1.crt")
	if root.Subject.CommonName != "Internal Issuing CA Root" || !root.NotAfter.Equal(begin.AddDate(20, 0, 0)) || !issuing.NotAfter.Equal(begin.AddDate(5, 0, 0)) {
		t.Errorf("the root %s until %v, the issuing CA until %v", root.Subject, root.NotAfter, issuing.NotAfter)
	}
	notes := strings.Join(progress.Notes, "\n")
	for _, want := range []string{"Made the root Internal Issuing CA Root (internal-root1.crt)", "Signed by CN=Internal Issuing CA, serial number", "www.example.org"} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes lack %q:\n%s", want, notes)
		}
	}
}

// Without a public address there is nothing to fetch.
func TestLeafOffline(t *testing.T) {
	t.Parallel()
	i, _ := newIssuer(t, Settings{})
	leaf, p := issueFor(t, i, "www.example.org", begin)
	issuing, err := x509.ParseCertificate(p.Chain[1])
	if err != nil || leaf.CRLDistributionPoints != nil || leaf.IssuingCertificateURL != nil || issuing.CRLDistributionPoints != nil {
		t.Errorf("%v %v %v, %v", leaf.CRLDistributionPoints, leaf.IssuingCertificateURL, issuing.CRLDistributionPoints, err)
	}
}

func TestLife(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		v, err := time.Parse(time.DateOnly, s)
		must.Do(t, err)
		return v
	}
	for _, c := range []struct {
		now    string
		days   int
		public bool
		months int
		want   time.Duration // both ends counted
		short  bool
	}{
		{"2026-11-22", 90, false, 12, days(90), true},
		{"2026-11-22", 90, false, 2, days(61) + 5*time.Minute + time.Second, false},
		{"2026-01-31", 90, false, 1, days(28) + 5*time.Minute + time.Second, false},
		{"2026-11-22", 800, false, 12, days(365) + 5*time.Minute + time.Second, false},
		{"2026-11-22", 800, true, 12, days(200), true},
		{"2026-03-14", 800, true, 24, days(398), true},
		{"2026-03-15", 800, true, 24, days(200), true},
		{"2027-03-14", 800, true, 24, days(200), true},
		{"2027-03-15", 800, true, 24, days(100), true},
		{"2029-03-15", 800, true, 24, days(47), true},
		{"2029-03-15", 7, true, 24, days(7), true},
	} {
		now := at(c.now)
		i, w := newIssuer(t, Settings{Own: Profile{ValidityDays: c.days, WebPKILike: c.public}})
		w.at = now
		p := policyOf("CN=host", vault.SANs{})
		p.X509.ValidityMonths = c.months
		leaf, progress := issue(t, i, orderOf(t, "", p, now))
		if got := leaf.NotAfter.Sub(leaf.NotBefore) + time.Second; got != c.want {
			t.Errorf("%+v: lives %v, want %v", c, got, c.want)
		}
		if short := strings.Contains(strings.Join(progress.Notes, "\n"), "months asked for"); short != c.short {
			t.Errorf("%+v: notes %q", c, progress.Notes)
		}
	}
}

// An imported issuing CA ends what it signs.
func TestLifeOfImported(t *testing.T) {
	t.Parallel()
	end := begin.AddDate(0, 0, 10)
	i, _ := newIssuer(t, Settings{Import: writeImport(t, t.TempDir(), newImport(t, "Foreign", begin.Add(-time.Minute), end))})
	leaf, p := issueFor(t, i, "www.example.org", begin)
	if !strings.Contains(strings.Join(p.Notes, " "), "ends with its issuing CA") {
		t.Errorf("the notes do not say why: %q", p.Notes)
	}
	if !leaf.NotAfter.Equal(end) || !leaf.NotBefore.Equal(begin.Add(-time.Minute)) {
		t.Errorf("valid from %v to %v", leaf.NotBefore, leaf.NotAfter)
	}
}

func TestUsageByKey(t *testing.T) {
	t.Parallel()
	i, _ := newIssuer(t, Settings{Profiles: map[string]Profile{"any": {}, "sign": {KeyUsages: []string{"nonRepudiation"}, EKUs: []string{"codeSigning"}}}})
	rsa := vault.KeyProps{Type: vault.RSA, Size: 2048}
	for _, c := range []struct {
		name, profile string
		key           vault.KeyProps
		asked         []vault.KeyUsage
		want          x509.KeyUsage
	}{
		{"RSA", "any", rsa, []vault.KeyUsage{vault.DigitalSignature, vault.KeyEncipherment, vault.KeyAgreement}, x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment},
		{"RSA, nothing asked", "any", rsa, nil, x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment},
		{"EC", "any", vault.KeyProps{Type: vault.EC, Curve: vault.P384, Size: 384}, []vault.KeyUsage{vault.DigitalSignature, vault.KeyEncipherment, vault.KeyAgreement}, x509.KeyUsageDigitalSignature | x509.KeyUsageKeyAgreement},
		{"EC, only what it cannot", "any", vault.KeyProps{Type: vault.EC, Curve: vault.P521, Size: 521}, []vault.KeyUsage{vault.KeyEncipherment}, x509.KeyUsageDigitalSignature},
		{"by profile", "sign", rsa, nil, x509.KeyUsageContentCommitment},
	} {
		p := policyOf("CN=host", vault.SANs{})
		p.Key, p.X509.Usage, p.X509.EKUs = c.key, c.asked, nil
		leaf, _ := issue(t, i, orderOf(t, c.profile, p, begin))
		if leaf.KeyUsage != c.want {
			t.Errorf("%s: key usage %b, want %b", c.name, leaf.KeyUsage, c.want)
		}
		if c.profile == "sign" && !cmp.Equal(leaf.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}) {
			t.Errorf("%s: extended key usage %v", c.name, leaf.ExtKeyUsage)
		}
	}
}

func TestApproval(t *testing.T) {
	t.Parallel()
	i, _ := newIssuer(t, Settings{ManualApproval: true, Own: Profile{AllowDNS: []string{"*.example.org"}}})
	o := orderOf(t, "", policyOf("CN=www.example.org", vault.SANs{}), begin)
	for range 3 {
		p, err := i.Step(t.Context(), o)
		if err != nil || !p.WantsApproval || p.Again <= 0 || !strings.Contains(p.Detail, "approval of an operator") || p.Chain != nil || p.Failure != nil {
			t.Fatalf("%+v, %v; want to wait for an operator", p, err)
		}
		if i.IssuesAtOnce(o) {
			t.Error("there is something to wait for")
		}
		o.Now, o.State = o.Now.Add(p.Again), p.State
	}
	no := o
	no.Approval = &vault.Approval{At: o.Now, Message: "ask the network team first"}
	if p, err := i.Step(t.Context(), no); err != nil || p.Failure == nil || p.Failure.Code != vault.RequestRejected || !strings.Contains(p.Failure.Message, "ask the network team first") {
		t.Errorf("rejected: %+v, %v", p.Failure, err)
	}
	no.Approval.Message = ""
	if p, err := i.Step(t.Context(), no); err != nil || p.Failure == nil || p.Failure.Message == "" {
		t.Errorf("rejected without a word: %+v, %v", p.Failure, err)
	}
	if p, err := i.Cancel(t.Context(), o); err != nil || !p.Cancelled {
		t.Errorf("cancel: %+v, %v", p, err)
	}
	o.Approval = &vault.Approval{At: o.Now, Approved: true}
	if !i.IssuesAtOnce(o) {
		t.Error("nothing to wait for any more")
	}
	issue(t, i, o)
	// What the profile does not allow bothers no operator.
	bad := orderOf(t, "", policyOf("CN=evil.test", vault.SANs{}), begin)
	if p, err := i.Step(t.Context(), bad); err != nil || p.WantsApproval || p.Failure == nil {
		t.Errorf("%+v, %v", p, err)
	}
	// A year of waiting costs few steps.
	steps := 0
	for o.Approval, o.Now = nil, begin; o.Now.Before(begin.AddDate(1, 0, 0)); steps++ {
		p, err := i.Step(t.Context(), o)
		must.Do(t, err)
		o.Now = o.Now.Add(p.Again)
	}
	if steps > 50 {
		t.Errorf("a year takes %d steps", steps)
	}
}

func TestRequestsRefused(t *testing.T) {
	t.Parallel()
	i, _ := newIssuer(t, Settings{})
	good := orderOf(t, "", policyOf("CN=host", vault.SANs{}), begin)
	tampered := append([]byte{}, good.CSR...)
	tampered[len(tampered)-1] ^= 1
	k := policyOf("CN=host", vault.SANs{})
	k.Key.Curve = vault.P256K
	for name, csr := range map[string][]byte{"nothing": nil, "garbage": []byte("x"), "tampered": tampered, "P-256K": orderOf(t, "", k, begin).CSR} {
		o := good
		o.CSR = csr
		if p, err := i.Step(t.Context(), o); err != nil || p.Failure == nil || p.Failure.Code != vault.RequestRejected || p.Failure.Message == "" {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}
