package service_test

import (
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"

	"certwright/internal/policy"
	"certwright/internal/service"
	"certwright/internal/vault"
)

// A name that stands in the common name alone is in the request of every issuer.
func TestNamesOfRequests(t *testing.T) {
	t.Parallel()
	for _, issuer := range []string{"Self", "Unknown", "mydigicert"} {
		h, p := playing(t)
		p.steps = []step{h.issues}
		op := h.create(t, web, policyOf(issuer))
		csr, err := x509.ParseCertificateRequest(op.CSR)
		must(t, err)
		if csr.Subject.CommonName != "web.example.test" || !slices.Equal(csr.DNSNames, []string{"web.example.test"}) {
			t.Errorf("%s: %q with %q", issuer, csr.Subject, csr.DNSNames)
		}
		if got := h.get(t, web).Policy.X509; got.SANs != nil || got.Subject != "CN=web.example.test" {
			t.Errorf("%s: the policy was rewritten: %+v", issuer, got)
		}
		if issuer != "mydigicert" {
			continue
		}
		h.pass(t, time.Second)
		leaf, err := x509.ParseCertificate(h.get(t, web).Version.Certificate.Leaf)
		must(t, err)
		if names := p.asked[0].Policy.X509.SANs; names == nil || !slices.Equal(leaf.DNSNames, names.DNS) {
			t.Errorf("the issuer was shown %+v, the leaf is for %q", names, leaf.DNSNames)
		}
	}
}

// What an issuer orders stands among the alternative names, beside others too;
// Self and Unknown ask for those that the policy has, as recorded.
func TestNamesBesideOthers(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string][]string{"Self": {"a.example.test"}, "Unknown": {"a.example.test"}, "mydigicert": {"a.example.test", "web.example.test"}} {
		h, _ := playing(t)
		p := policyOf(issuer)
		p.X509.SANs = &vault.SANs{DNS: []string{"a.example.test", "A.example.test"}}
		csr, err := x509.ParseCertificateRequest(h.create(t, web, p).CSR)
		must(t, err)
		if !slices.Equal(csr.DNSNames, want) {
			t.Errorf("%s: %q, want %q", issuer, csr.DNSNames, want)
		}
	}
}

// A common name that no certificate may carry is left out where an alternative
// name carries it, else refused at create and at an edit, and nothing changes.
func TestLongCommonName(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 60) + ".example.test"
	for _, issuer := range []string{"Self", "Unknown", "mydigicert"} {
		h, _ := playing(t)
		p := policyOf(issuer)
		p.X509.Subject = ptr("O=Example, CN=" + long)
		_, err := h.Certificates.Create(t.Context(), nobody, web, service.CreateInput{Policy: p})
		refused(t, err, vault.Invalid, "BadParameter")
		_, err = h.Certificates.GetOperation(t.Context(), nobody, web, "")
		refused(t, err, vault.NotFound, "PendingCertificateNotFound")
		p.X509.SANs = &vault.SANs{DNS: []string{long, strings.ToUpper(long)}}
		op := h.create(t, web, p)
		csr, err := x509.ParseCertificateRequest(op.CSR)
		must(t, err)
		if csr.Subject.String() != "O=Example" || !slices.Equal(csr.DNSNames, []string{long}) {
			t.Errorf("%s: %q with %q", issuer, csr.Subject, csr.DNSNames)
		}
		_, err = h.Certificates.UpdatePolicy(t.Context(), nobody, web, policy.Patch{X509: &policy.X509Patch{Subject: ptr("CN=b" + long)}})
		refused(t, err, vault.Invalid, "BadParameter")
		if got := h.get(t, web).Policy.X509.Subject; got != "O=Example, CN="+long {
			t.Errorf("%s: the policy's subject is %q", issuer, got)
		}
	}
}

// A renewal whose issuer is gone, disabled or of no provider is the issuer's
// fault; one whose policy is not taken any more is the request's.
func TestSetUpFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(t *testing.T, h *house, p *played)
		code   string
		says   string
	}{
		"deleted": {func(t *testing.T, h *house, _ *played) {
			_, err := h.Issuers.Delete(t.Context(), nobody, web.Vault, "mydigicert")
			must(t, err)
		}, vault.IssuerFault, "Issuer mydigicert not found"},
		"disabled": {func(t *testing.T, h *house, _ *played) {
			_, err := h.Issuers.Update(t.Context(), nobody, web.Vault, "mydigicert", service.IssuerInput{Enabled: ptr(false)})
			must(t, err)
		}, vault.IssuerFault, "Issuer mydigicert is disabled"},
		"of no provider": {func(_ *testing.T, h *house, _ *played) {
			h.Orders.Issuers.Find = func(string) vault.Issuer { return nil }
		}, vault.IssuerFault, "This server has no provider DigiCert"},
		"of a stricter provider": {func(_ *testing.T, h *house, p *played) {
			h.Orders.Issuers.Find = func(string) vault.Issuer { return strict{p} }
		}, vault.RequestRejected, "not these names"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, p := playing(t)
			p.steps = []step{h.issues}
			h.create(t, web, lives("mydigicert", 12, renew(80)))
			h.pass(t, day)
			c.change(t, h, p)
			h.pass(t, 293*day)
			op := h.status(t, web)
			if op.Status != vault.Failed || op.Failure.Code != c.code || !strings.Contains(op.Failure.Message, c.says) {
				t.Errorf("%s %+v, want %s: %s", op.Status, op.Failure, c.code, c.says)
			}
		})
	}
}

// strict takes no policy.
type strict struct{ *played }

func (strict) ValidateIssuer(vault.IssuerConfig) error { return nil }
func (strict) ValidatePolicy(vault.IssuerConfig, vault.Policy) error {
	return vault.Bad("not these names")
}

// An edit that an issuer would not take is refused, as at create; how the issuer
// is set up is not held against one that does not name it.
func TestEditsAreHeldAgainstTheIssuer(t *testing.T) {
	t.Parallel()
	h, p := playing(t)
	p.steps = []step{h.issues}
	h.create(t, web, lives("mydigicert", 12, renew(80)))
	h.pass(t, time.Second)
	reuse := policy.Patch{Key: &policy.KeyPatch{Reuse: ptr(true)}}
	h.Orders.Issuers.Find = func(string) vault.Issuer { return strict{p} }
	for name, patch := range map[string]policy.Patch{"key": reuse, "names": {X509: &policy.X509Patch{Subject: ptr("CN=b.example.test")}},
		"lifetime": {Lifetime: &[]vault.LifetimeAction{write(10)}}} {
		if _, err := h.Certificates.UpdatePolicy(t.Context(), nobody, web, patch); err == nil || !strings.Contains(err.Error(), "not these names") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.Certificates.UpdatePolicy(t.Context(), nobody, web, policy.Patch{Secret: &policy.SecretPatch{ContentType: ptr(vault.PKCS12)}}); err != nil {
		t.Errorf("what no issuer sees: %v", err)
	}
	_, err := h.Issuers.Delete(t.Context(), nobody, web.Vault, "mydigicert")
	must(t, err)
	if got, err := h.Certificates.UpdatePolicy(t.Context(), nobody, web, reuse); err != nil || !got.Key.Reuse {
		t.Errorf("with an issuer that is gone: %v", err)
	}
	_, err = h.Certificates.UpdatePolicy(t.Context(), nobody, web, policy.Patch{Issuer: &policy.IssuerPatch{Name: ptr("mydigicert")}})
	refused(t, err, vault.Invalid, "BadParameter")
}

// A name that the issuer left out is noted.
func TestNamesLeftOutAreNoted(t *testing.T) {
	t.Parallel()
	h, p := playing(t)
	p.steps = []step{func(o vault.Order) (vault.Progress, error) {
		leaf, err := h.authority.Issue(o.CSR, 12, o.Now)
		return vault.Progress{Chain: [][]byte{leaf, h.authority.Certificate}}, err
	}}
	asked := policyOf("mydigicert")
	asked.X509.SANs = &vault.SANs{DNS: []string{"a.example.test"}}
	h.create(t, web, asked)
	h.pass(t, time.Second)
	if all := strings.Join(texts(h.status(t, web)), "\n"); strings.Contains(all, "left out") {
		t.Errorf("nothing was left out: %s", all)
	}
	// the authority signs the request of before, for other names
	var first []byte
	p.steps = []step{func(o vault.Order) (vault.Progress, error) {
		leaf, err := h.authority.Issue(first, 12, o.Now)
		return vault.Progress{Chain: [][]byte{leaf, h.authority.Certificate}}, err
	}}
	first = h.status(t, web).CSR
	asked.Key.Reuse = ptr(true)
	asked.X509.SANs = &vault.SANs{DNS: []string{"a.example.test", "b.example.test"}}
	h.create(t, web, asked)
	h.pass(t, time.Second)
	wantNote(t, h.status(t, web), "The issuer left out names that the policy asks for: b.example.test.")
}
