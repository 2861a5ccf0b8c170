package digicert

import (
	"errors"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

func TestValidateIssuer(t *testing.T) {
	t.Parallel()
	i, err := New("DigiCert", Settings{}, sqltest.Accounts(t))
	must.Do(t, err)
	for name, c := range map[string]struct {
		change func(*vault.IssuerConfig)
		want   string
	}{
		"as it should be":    {func(*vault.IssuerConfig) {}, ""},
		"no organization":    {func(c *vault.IssuerConfig) { c.Organization = nil }, "Id in organization details is not set"},
		"empty id":           {func(c *vault.IssuerConfig) { c.Organization.ID = " " }, "Id in organization details is not set"},
		"id that is no id":   {func(c *vault.IssuerConfig) { c.Organization.ID = "acme" }, "must be the number of a CertCentral organization"},
		"no credentials":     {func(c *vault.IssuerConfig) { c.Credentials = nil }, "credentials.pwd must be a CertCentral API key"},
		"no password":        {func(c *vault.IssuerConfig) { c.Credentials.Password = nil }, "credentials.pwd must be a CertCentral API key"},
		"an account is free": {func(c *vault.IssuerConfig) { c.Credentials.AccountID = "" }, ""},
	} {
		cfg := resource()
		c.change(&cfg)
		checkBad(t, name, i.ValidateIssuer(cfg), c.want)
	}
}

func checkBad(t *testing.T, name string, err error, want string) {
	t.Helper()
	var refusal *vault.Error
	switch {
	case want == "" && err != nil:
		t.Errorf("%s: %v", name, err)
	case want == "":
	case !errors.As(err, &refusal) || refusal.Reason != vault.Invalid || refusal.Code != "BadParameter" || !strings.Contains(refusal.Message, want):
		t.Errorf("%s: %v, want a 400 with %q", name, err, want)
	}
}

func TestValidatePolicy(t *testing.T) {
	t.Parallel()
	i, err := New("DigiCert", Settings{Products: map[string]string{"Private": "private_ssl_plus"}}, sqltest.Accounts(t))
	must.Do(t, err)
	for name, c := range map[string]struct {
		change func(*vault.Policy)
		want   string
	}{
		"as it should be":  {func(*vault.Policy) {}, ""},
		"e-mails":          {func(p *vault.Policy) { p.X509.SANs.Emails = []string{"a@example.test"} }, "DigiCert doesn't support emails in subject alternate names with order for a Ssl certificate"},
		"UPNs":             {func(p *vault.Policy) { p.X509.SANs.UPNs = []string{"a@example.test"} }, "doesn't support UPNs"},
		"IPs":              {func(p *vault.Policy) { p.X509.SANs.IPs = []string{"10.0.0.1"} }, "doesn't support IP addresses"},
		"URIs":             {func(p *vault.Policy) { p.X509.SANs.URIs = []string{"spiffe://a"} }, "doesn't support URIs"},
		"no names":         {func(p *vault.Policy) { p.X509.Subject, p.X509.SANs = "O=Example", nil }, "needs a common name or a DNS name"},
		"only a subject":   {func(p *vault.Policy) { p.X509.SANs = nil }, ""},
		"only a SAN":       {func(p *vault.Policy) { p.X509.Subject = "" }, ""},
		"P-256K":           {func(p *vault.Policy) { p.Key = vault.KeyProps{Type: vault.EC, Curve: vault.P256K, Size: 256} }, "P-256K"},
		"a reused RSA key": {func(p *vault.Policy) { p.Key.Reuse, p.Key.Type, p.Lifetime = true, vault.RSA, always(vault.AutoRenew) }, "DigiCert takes a certificate signing request once"},
		"reused by hand": {func(p *vault.Policy) {
			p.Key.Reuse, p.Key.Type, p.Lifetime = true, vault.RSA, always(vault.EmailContacts)
		}, ""},
		"a reused EC key": {func(p *vault.Policy) { p.Key.Reuse, p.Key.Type, p.Lifetime = true, vault.EC, always(vault.AutoRenew) }, ""},
		"EV":              {func(p *vault.Policy) { p.Issuer.CertType = "EV-SSL" }, ""},
		"no cty":          {func(p *vault.Policy) { p.Issuer.CertType = "" }, ""},
		"its own cty":     {func(p *vault.Policy) { p.Issuer.CertType = "private" }, ""},
		"unknown cty":     {func(p *vault.Policy) { p.Issuer.CertType = "OV-MAIL" }, "issuer.cty 'OV-MAIL' has no DigiCert product here; use one of DV-SSL, EV-SSL, OV-SSL, Private."},
	} {
		p := newOrder(t, "www.example.test").Policy
		c.change(&p)
		checkBad(t, name, i.ValidatePolicy(resource(), p), c.want)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set  Settings
		want string // what an error begins with
	}{
		"nothing":     {Settings{}, ""},
		"europe":      {Settings{BaseURL: "https://certcentral.digicert.eu/services/v2/"}, ""},
		"plain http":  {Settings{BaseURL: "http://example.org"}, "base_url: "},
		"product":     {Settings{Product: "../user"}, "product: "},
		"products":    {Settings{Products: map[string]string{"OV-SSL": "a/b"}}, "products: "},
		"container":   {Settings{Container: -1}, "container: "},
		"dcv":         {Settings{DCVMethod: "dns"}, "dcv_method: "},
		"payment":     {Settings{PaymentMethod: "cash"}, "payment_method: "},
		"hash":        {Settings{SignatureHash: "md5"}, "signature_hash: "},
		"years":       {Settings{OrderYears: 4}, "order_years: "},
		"days":        {Settings{MaxDays: -1}, "max_days: "},
		"renew":       {Settings{Renew: "always"}, "renew: "},
		"window":      {Settings{RenewWindow: -1}, "renew_window: "},
		"settle":      {Settings{Settle: 1}, "settle: "},
		"patience":    {Settings{PendingTimeout: -1}, "pending_timeout: "},
		"all is said": {Settings{Renew: "x", OrderYears: 9}, "order_years: "},
	} {
		errs := c.set.Check()
		if c.want == "" && len(errs) == 0 {
			continue
		}
		if c.want == "" || len(errs) == 0 || !strings.HasPrefix(errs[0].Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, errs, c.want)
		}
	}
	if _, err := New("DigiCert", Settings{CABundle: "/nowhere.pem"}, nil); err == nil {
		t.Error("a CA bundle that is not there is no error")
	}
	if _, err := New("DigiCert", Settings{Renew: "x"}, nil); err == nil {
		t.Error("settings that will not do are no error")
	}
}

func TestLength(t *testing.T) {
	t.Parallel()
	in := func(text string) time.Time { at, _ := time.Parse(time.DateOnly, text); return at }
	for name, c := range map[string]struct {
		set         Settings
		product     string
		months      int
		now         time.Time
		years, days int
	}{
		"a year in 2026":           {Settings{}, "ssl_basic", 12, in("2026-11-22"), 1, 199},
		"a year in 2027":           {Settings{}, "ssl_basic", 12, in("2027-03-15"), 1, 99},
		"a year in 2029":           {Settings{}, "ssl_basic", 12, in("2029-03-15"), 1, 46},
		"three months":             {Settings{}, "ssl_basic", 3, in("2026-11-22"), 1, 92},
		"two years":                {Settings{}, "ssl_basic", 24, in("2026-11-22"), 2, 199},
		"ten years":                {Settings{}, "ssl_basic", 120, in("2026-11-22"), 3, 199},
		"private, two years":       {Settings{}, "private_ssl_plus", 24, in("2026-11-22"), 2, 730},
		"private, a leap year":     {Settings{}, "private_ssl_plus", 12, in("2027-06-01"), 1, 365},
		"years by the setting":     {Settings{OrderYears: 3}, "ssl_basic", 12, in("2026-11-22"), 3, 199},
		"most days by the setting": {Settings{MaxDays: 90}, "ssl_basic", 12, in("2026-11-22"), 1, 90},
	} {
		years, days := c.set.length(c.product, c.months, c.now)
		if years != c.years || days != c.days {
			t.Errorf("%s: %d years, %d days; want %d, %d", name, years, days, c.years, c.days)
		}
	}
}

// What an order says, in full.
func TestBody(t *testing.T) {
	t.Parallel()
	i, err := New("DigiCert", Settings{Container: 7, DCVMethod: "dns-txt-token", PaymentMethod: "balance", ServerAuthOnly: true}, sqltest.Accounts(t))
	must.Do(t, err)
	o := newOrder(t, "www.example.test", "api.example.test")
	o.Now = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	s, err := i.open(o)
	if err != nil || s.unfit != nil {
		t.Fatal(err, s.unfit)
	}
	s.notes.RenewalOf = 880001
	got := s.body()
	csr := got.Certificate.CSR
	got.Certificate.CSR = ""
	want := placing{
		Certificate: asked{CommonName: "www.example.test", DNSNames: []string{"api.example.test"}, SignatureHash: "sha256", Platform: plainID{-1},
			Profile: "server_auth_only_eku", Validity: &validity{Days: 199}},
		Organization: &plainID{90210}, Container: &plainID{7}, OrderValidity: &validity{Years: 1}, DCVMethod: "dns-txt-token", Payment: "balance",
		SkipApproval: true, NoReminders: true, Comments: "certwright " + o.ID + " default/certificates/web", Alternative: o.ID, RenewalOf: 880001,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !s.sameCSR(csr) || !s.sameCSR(strings.ReplaceAll(csr, "\n", "")) || s.sameCSR("") {
		t.Error("a CSR is not known again")
	}
}

// An order whose settings went bad since says so.
func TestUnfitOrders(t *testing.T) {
	t.Parallel()
	i, err := New("DigiCert", Settings{}, sqltest.Accounts(t))
	must.Do(t, err)
	for name, c := range map[string]struct {
		change func(*vault.Order)
		code   string
	}{
		"no password":     {func(o *vault.Order) { o.Password = "" }, vault.IssuerFault},
		"no organization": {func(o *vault.Order) { o.Issuer.Organization = nil }, vault.RequestRejected},
		"no CSR":          {func(o *vault.Order) { o.CSR = []byte("x") }, vault.RequestRejected},
		"unknown cty":     {func(o *vault.Order) { o.Policy.Issuer.CertType = "?" }, vault.RequestRejected},
	} {
		o := newOrder(t, "www.example.test")
		c.change(&o)
		p, err := i.Step(t.Context(), o)
		if err != nil || p.Failure == nil || p.Failure.Code != c.code {
			t.Errorf("%s: %+v, %v", name, p.Failure, err)
		}
	}
	o := newOrder(t, "www.example.test")
	o.State = []byte("not ours")
	if _, err := i.Step(t.Context(), o); err == nil {
		t.Error("a state that cannot be read is no error")
	}
}

func always(action string) []vault.LifetimeAction {
	return []vault.LifetimeAction{{Action: action, Trigger: vault.Trigger{LifetimePercentage: 80}}}
}

// An order goes by a name that a certificate can carry as its common name.
func TestGoesBy(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 60) + ".example.test"
	for want, names := range map[string][]string{"b.test": {long, "b.test", "c.test"}, long: {long}, "": nil} {
		if got := goesBy(names); got != want {
			t.Errorf("%q: %q, want %q", names, got, want)
		}
	}
}
