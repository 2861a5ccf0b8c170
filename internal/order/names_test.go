package order_test

import (
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"

	"certwright/internal/policy"
	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// A name that stands in the common name alone is in the request of every issuer.
func TestNamesOfRequests(t *testing.T) {
	t.Parallel()
	for _, issuer := range []string{"Self", "Unknown", "mydigicert"} {
		h, p := Playing(t)
		p.Steps = []Step{h.Issues}
		op := h.Create(t, Web, Policy(issuer))
		csr, err := x509.ParseCertificateRequest(op.CSR)
		Must(t, err)
		if csr.Subject.CommonName != "web.example.test" || !slices.Equal(csr.DNSNames, []string{"web.example.test"}) {
			t.Errorf("%s: %q with %q", issuer, csr.Subject, csr.DNSNames)
		}
		if got := h.Latest(t, Web).Policy.X509; got.SANs != nil || got.Subject != "CN=web.example.test" {
			t.Errorf("%s: the policy was rewritten: %+v", issuer, got)
		}
		if issuer != "mydigicert" {
			continue
		}
		h.Pass(t, time.Second)
		leaf, err := x509.ParseCertificate(h.Latest(t, Web).Version.Certificate.Leaf)
		Must(t, err)
		if names := p.Asked[0].Policy.X509.SANs; names == nil || !slices.Equal(leaf.DNSNames, names.DNS) {
			t.Errorf("the issuer was shown %+v, the leaf is for %q", names, leaf.DNSNames)
		}
	}
}

// What an issuer orders stands among the alternative names, beside others too;
// Self and Unknown ask for those that the policy has, as recorded.
func TestNamesBesideOthers(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string][]string{"Self": {"a.example.test"}, "Unknown": {"a.example.test"}, "mydigicert": {"a.example.test", "web.example.test"}} {
		h, _ := Playing(t)
		p := Policy(issuer)
		p.X509.SANs = &vault.SANs{DNS: []string{"a.example.test", "A.example.test"}}
		csr, err := x509.ParseCertificateRequest(h.Create(t, Web, p).CSR)
		Must(t, err)
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
		h, _ := Playing(t)
		p := Policy(issuer)
		p.X509.Subject = new("O=Example, CN=" + long)
		_, err := h.Certificates.Create(t.Context(), Nobody, Web, service.CreateInput{Policy: p})
		Refused(t, err, vault.Invalid, "BadParameter")
		_, err = h.Certificates.GetOperation(t.Context(), Nobody, Web, "")
		Refused(t, err, vault.NotFound, "PendingCertificateNotFound")
		p.X509.SANs = &vault.SANs{DNS: []string{long, strings.ToUpper(long)}}
		op := h.Create(t, Web, p)
		csr, err := x509.ParseCertificateRequest(op.CSR)
		Must(t, err)
		if csr.Subject.String() != "O=Example" || !slices.Equal(csr.DNSNames, []string{long}) {
			t.Errorf("%s: %q with %q", issuer, csr.Subject, csr.DNSNames)
		}
		_, err = h.Certificates.UpdatePolicy(t.Context(), Nobody, Web, policy.Patch{X509: &policy.X509Patch{Subject: new("CN=b" + long)}})
		Refused(t, err, vault.Invalid, "BadParameter")
		if got := h.Latest(t, Web).Policy.X509.Subject; got != "O=Example, CN="+long {
			t.Errorf("%s: the policy's subject is %q", issuer, got)
		}
	}
}

// A renewal whose issuer is gone, disabled or of no provider is the issuer's
// fault; one whose policy is not taken any more is the request's.
func TestSetUpFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(t *testing.T, h *House, p *Played)
		code   string
		says   string
	}{
		"deleted": {func(t *testing.T, h *House, _ *Played) {
			_, err := h.Issuers.Delete(t.Context(), Nobody, Web.Vault, "mydigicert")
			Must(t, err)
		}, vault.IssuerFault, "Issuer mydigicert not found"},
		"disabled": {func(t *testing.T, h *House, _ *Played) {
			_, err := h.Issuers.Update(t.Context(), Nobody, Web.Vault, "mydigicert", service.IssuerInput{Enabled: new(false)})
			Must(t, err)
		}, vault.IssuerFault, "Issuer mydigicert is disabled"},
		"of no provider": {func(_ *testing.T, h *House, _ *Played) {
			h.SetProvider(nil)
		}, vault.IssuerFault, "This server has no provider DigiCert"},
		"of a stricter provider": {func(_ *testing.T, h *House, p *Played) {
			h.SetProvider(strict{p})
		}, vault.RequestRejected, "not these names"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, p := Renewing(t)
			h.Pass(t, Day)
			c.change(t, h, p)
			h.Pass(t, 293*Day)
			op := h.Operation(t, Web)
			if op.Status != vault.Failed || op.Failure.Code != c.code || !strings.Contains(op.Failure.Message, c.says) {
				t.Errorf("%s %+v, want %s: %s", op.Status, op.Failure, c.code, c.says)
			}
		})
	}
}

// strict takes no policy.
type strict struct{ *Played }

func (strict) ValidateIssuer(vault.IssuerConfig) error { return nil }

func (strict) ValidatePolicy(vault.IssuerConfig, vault.Policy) error {
	return vault.Bad("not these names")
}

// An edit that an issuer would not take is refused, as at create; how the issuer
// is set up is not held against one that does not name it.
func TestEditsAreHeldAgainstTheIssuer(t *testing.T) {
	t.Parallel()
	h, p := Renewing(t)
	h.Pass(t, time.Second)
	reuse := policy.Patch{Key: &policy.KeyPatch{Reuse: new(true)}}
	h.SetProvider(strict{p})
	for name, patch := range map[string]policy.Patch{"key": reuse, "names": {X509: &policy.X509Patch{Subject: new("CN=b.example.test")}},
		"lifetime": {Lifetime: &[]vault.LifetimeAction{MailBefore(10)}}} {
		if _, err := h.Certificates.UpdatePolicy(t.Context(), Nobody, Web, patch); err == nil || !strings.Contains(err.Error(), "not these names") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.Certificates.UpdatePolicy(t.Context(), Nobody, Web, policy.Patch{Secret: &policy.SecretPatch{ContentType: new(vault.PKCS12)}}); err != nil {
		t.Errorf("what no issuer sees: %v", err)
	}
	_, err := h.Issuers.Delete(t.Context(), Nobody, Web.Vault, "mydigicert")
	Must(t, err)
	if got, err := h.Certificates.UpdatePolicy(t.Context(), Nobody, Web, reuse); err != nil || !got.Key.Reuse {
		t.Errorf("with an issuer that is gone: %v", err)
	}
	_, err = h.Certificates.UpdatePolicy(t.Context(), Nobody, Web, policy.Patch{Issuer: &policy.IssuerPatch{Name: new("mydigicert")}})
	Refused(t, err, vault.Invalid, "BadParameter")
}

// A name that the issuer left out is noted.
func TestNamesLeftOutAreNoted(t *testing.T) {
	t.Parallel()
	h, p := Playing(t)
	p.Steps = []Step{func(o vault.Order) (vault.Progress, error) {
		return h.Deliver(o.CSR, 12, o.Now)
	}}
	asked := Policy("mydigicert")
	asked.X509.SANs = &vault.SANs{DNS: []string{"a.example.test"}}
	h.Create(t, Web, asked)
	h.Pass(t, time.Second)
	if all := strings.Join(Texts(h.Operation(t, Web)), "\n"); strings.Contains(all, "left out") {
		t.Errorf("nothing was left out: %s", all)
	}
	// the authority signs the request of before, for other names
	var first []byte
	p.Steps = []Step{func(o vault.Order) (vault.Progress, error) {
		return h.Deliver(first, 12, o.Now)
	}}
	first = h.Operation(t, Web).CSR
	asked.Key.Reuse = new(true)
	asked.X509.SANs = &vault.SANs{DNS: []string{"a.example.test", "b.example.test"}}
	h.Create(t, Web, asked)
	h.Pass(t, time.Second)
	WantNote(t, h.Operation(t, Web), "The issuer left out names that the policy asks for: b.example.test.")
}
