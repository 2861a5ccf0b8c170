package ca

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"certwright/internal/must"
	"certwright/internal/policy"
	"certwright/internal/vault"
)

// What a profile refuses is refused when the policy comes in, naming what is
// wrong, and again when a request comes that nobody judged.
func TestProfiles(t *testing.T) {
	t.Parallel()
	i, _ := newIssuer(t, Settings{
		Profile: "web",
		Profiles: map[string]Profile{
			"web":    {AllowDNS: []string{"example.org", "*.example.org"}, AllowIPs: []string{"10.0.0.0/8"}, EKUs: []string{"serverAuth", "clientAuth"}},
			"people": {AllowEmails: []string{"*@example.org"}, AllowUPNs: []string{"*@example.org"}, AllowURIs: []string{"spiffe://example.org/*"}, EKUs: []string{"1.3.6.1.5.5.7.3.2", "emailProtection"}, KeyUsages: []string{"digitalSignature", "nonRepudiation"}},
			"ocsp":   {EKUs: []string{"OCSPSigning"}},
			"any":    {},
			"none":   {AllowDNS: []string{}},
		},
	})
	ekus := func(ids ...string) func(*vault.Policy) { return func(p *vault.Policy) { p.X509.EKUs = ids } }
	usage := func(u ...vault.KeyUsage) func(*vault.Policy) { return func(p *vault.Policy) { p.X509.Usage = u } }
	client := ekus("1.3.6.1.5.5.7.3.2")
	for _, c := range []struct {
		profile, subject string
		sans             vault.SANs
		change           func(*vault.Policy)
		want             string // of the refusal; "" issues
	}{
		{"", "CN=example.org", vault.SANs{}, nil, ""},
		{"web", "CN=www.example.org", vault.SANs{DNS: []string{"*.example.org", "a.b.example.org"}, IPs: []string{"10.1.2.3"}}, nil, ""},
		{"web", "O=Example", vault.SANs{DNS: []string{"example.org"}}, nil, ""},
		{"web", "", vault.SANs{DNS: []string{"example.org"}}, nil, ""},
		{"web", "CN=10.1.2.3", vault.SANs{}, nil, ""},
		{"web", "CN=example.com", vault.SANs{}, nil, "x509_props.subject 'example.com' is not a name that profile web allows; it allows example.org, *.example.org"},
		{"web", "CN=example.org", vault.SANs{DNS: []string{"example.org", "evil.test"}}, nil, "x509_props.sans.dns_names 'evil.test'"},
		{"web", "CN=example.org", vault.SANs{IPs: []string{"11.1.2.3"}}, nil, "x509_props.sans.ipAddresses '11.1.2.3'"},
		{"web", "CN=example.org", vault.SANs{Emails: []string{"alice@example.org"}}, nil, "x509_props.sans.emails 'alice@example.org' is not a name that profile web allows; it allows none of that kind"},
		{"web", "CN=example.org", vault.SANs{UPNs: []string{"alice@example.org"}}, nil, "x509_props.sans.upns"},
		{"web", "CN=example.org", vault.SANs{URIs: []string{"https://example.org/"}}, nil, "x509_props.sans.uris"},
		{"web", "CN=Some Device,O=Example", vault.SANs{DNS: []string{"example.org"}}, nil, "common name 'Some Device'"},
		{"web", "CN=example.org,E=alice@evil.test", vault.SANs{}, nil, "x509_props.subject 'alice@evil.test'"},
		{"web", "CN=example.org,CN=evil.test", vault.SANs{}, nil, "'evil.test'"},
		{"web", "CN=example.org", vault.SANs{}, ekus("1.3.6.1.5.5.7.3.3"), "x509_props.ekus has 1.3.6.1.5.5.7.3.3 (codeSigning), which profile web does not allow; it allows serverAuth, clientAuth"},
		{"web", "CN=example.org", vault.SANs{}, ekus(), ""},
		{"web", "CN=example.org", vault.SANs{}, usage(vault.DigitalSignature, vault.KeyEncipherment), ""}, // left out for EC
		{"web", "CN=example.org", vault.SANs{}, usage(vault.KeyCertSign), "x509_props.key_usage has keyCertSign"},
		{"web", "CN=example.org", vault.SANs{}, usage(vault.CRLSign), "x509_props.key_usage has cRLSign"},
		{"web", "CN=example.org", vault.SANs{}, func(p *vault.Policy) { p.X509.CA = true }, "basic_constraints"},
		{"web", "CN=example.org", vault.SANs{}, func(p *vault.Policy) { p.Key.Curve = vault.P256K }, "P-256K"},
		{"people", "CN=alice@example.org", vault.SANs{UPNs: []string{"alice@example.org"}, URIs: []string{"spiffe://example.org/alice"}}, client, ""},
		{"people", "E=alice@example.org", vault.SANs{Emails: []string{"alice@example.org"}}, client, ""},
		{"people", "CN=bob@evil.test", vault.SANs{}, client, "'bob@evil.test'"},
		{"people", "CN=alice@example.org", vault.SANs{URIs: []string{"spiffe://evil.test/alice"}}, client, "'spiffe://evil.test/alice'"},
		{"people", "CN=alice@example.org", vault.SANs{}, nil, "serverAuth"},
		{"people", "CN=alice@example.org", vault.SANs{}, func(p *vault.Policy) { client(p); usage(vault.KeyAgreement)(p) }, "x509_props.key_usage has keyAgreement, which profile people does not allow; it allows digitalSignature, nonRepudiation"},
		{"any", "CN=Some Device", vault.SANs{DNS: []string{"host", "*.example.org"}, UPNs: []string{"ælice@x"}}, ekus("1.2.3.4"), ""},
		{"any", "CN=host", vault.SANs{}, ekus("1.3.6.1.5.5.7.3.9"), "OCSPSigning"},
		{"any", "CN=host", vault.SANs{}, ekus("2.5.29.37.0"), "anyExtendedKeyUsage"},
		{"ocsp", "CN=host", vault.SANs{}, ekus("1.3.6.1.5.5.7.3.9"), ""},
		{"none", "CN=host", vault.SANs{}, nil, "it allows none of that kind"},
	} {
		p := policyOf(c.subject, c.sans)
		if c.change != nil {
			c.change(&p)
		}
		err := i.ValidatePolicy(config(c.profile), p)
		if refusal := (*vault.Error)(nil); err != nil && (!errors.As(err, &refusal) || refusal.Reason != vault.Invalid) {
			t.Errorf("%s %s: %v is no refusal", c.profile, c.subject, err)
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %v, want %q", c.profile, c.subject, err, c.want)
		}
		o := orderOf(t, c.profile, p, begin)
		got, err := i.Step(t.Context(), o)
		switch {
		case err != nil:
			t.Errorf("%s %s: %v", c.profile, c.subject, err)
		case c.want == "" && got.Chain == nil:
			t.Errorf("%s %s: %+v", c.profile, c.subject, got.Failure)
		case c.want != "" && (got.Failure == nil || got.Failure.Code != vault.RequestRejected):
			t.Errorf("%s %s: %+v, want a rejection", c.profile, c.subject, got)
		}
	}
}

func TestNameConstraintsAreRules(t *testing.T) {
	t.Parallel()
	i, _ := newIssuer(t, Settings{PermittedDNS: []string{"example.org"}, PermittedIPs: []string{"10.0.0.0/8"}, PermittedEmails: []string{"example.org"},
		PermittedURIs: []string{"example.org"}, ExcludedDNS: []string{"secret.example.org"}, ExcludedIPs: []string{"10.9.0.0/16"}})
	for name, want := range map[string]string{
		"www.example.org": "", "example.org": "", "10.1.2.3": "put it into x509_props.sans.ipAddresses only", "alice@example.org": "", "Some Device": "",
		"example.com": "outside of the name constraints", "a.secret.example.org": "excluded", "*.example.org": "excluded", "alice@evil.test": "outside",
	} {
		p := policyOf("CN="+name, vault.SANs{})
		err := i.ValidatePolicy(config(""), p)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
			continue
		}
		got, err := i.Step(t.Context(), orderOf(t, "", p, begin))
		switch {
		case err != nil || (got.Chain == nil) != (want != ""):
			t.Errorf("%s: %+v, %v", name, got.Failure, err)
		case want == "":
			if err := verify(t, i, got, "", begin); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for want, names := range map[string]vault.SANs{
		"": {IPs: []string{"10.1.2.3"}}, "'11.0.0.1' is outside": {IPs: []string{"11.0.0.1"}}, "'10.9.1.1' is excluded": {IPs: []string{"10.9.1.1"}},
		"'https://evil.test/' is outside": {URIs: []string{"https://evil.test/"}},
	} {
		if err := i.ValidatePolicy(config(""), policyOf("O=Example", names)); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", names, err, want)
		}
	}
}

func TestValidateIssuer(t *testing.T) {
	t.Parallel()
	several := Settings{Profiles: map[string]Profile{"web": {}, "mail": {}}}
	withUsual := several
	withUsual.Profile = "web"
	for _, c := range []struct {
		s       Settings
		profile string
		want    string
	}{
		{Settings{}, "", ""},
		{Settings{}, "web", "org_details.id 'web' is not a profile of provider Internal"},
		{Settings{Profile: "web"}, "web", ""},
		{Settings{Profile: "web"}, "", ""},
		{Settings{Profile: "web"}, "Web", "there are: web."},
		{Settings{Profiles: map[string]Profile{"web": {}}}, "", ""},
		{several, "mail", ""},
		{several, "", "org_details.id must name a profile of provider Internal: mail, web."},
		{withUsual, "", ""},
		{withUsual, "mail", ""},
		{withUsual, "code", "org_details.id 'code'"},
	} {
		i, _ := newIssuer(t, c.s)
		err := i.ValidateIssuer(config(c.profile))
		if refusal := (*vault.Error)(nil); (err == nil) != (c.want == "") || err != nil && (!errors.As(err, &refusal) || !strings.Contains(refusal.Message, c.want)) {
			t.Errorf("%+v, profile %q: %v, want %q", c.s, c.profile, err, c.want)
		}
		if err2 := i.ValidatePolicy(config(c.profile), policyOf("CN=host", vault.SANs{})); (err2 == nil) != (err == nil) {
			t.Errorf("%+v, profile %q: the policy gives %v", c.s, c.profile, err2)
		}
		// A profile that went out of the configuration meanwhile is the issuer's fault.
		p, stepErr := i.Step(t.Context(), orderOf(t, c.profile, policyOf("CN=host", vault.SANs{}), begin))
		if stepErr != nil || (p.Failure != nil) != (c.want != "") || p.Failure != nil && p.Failure.Code != vault.IssuerFault {
			t.Errorf("%+v, profile %q: step gives %+v, %v", c.s, c.profile, p, stepErr)
		}
	}
}

// A policy that names no extended key usages asks for Key Vault's own, and only
// one with an empty list is given the profile's.
func TestUsagesThatAreNotNamed(t *testing.T) {
	t.Parallel()
	i, _ := newIssuer(t, Settings{Own: Profile{EKUs: []string{"codeSigning"}}})
	p := policyOf("CN=host", vault.SANs{})
	if err := i.ValidatePolicy(config(""), p); err == nil || !strings.Contains(err.Error(), "1.3.6.1.5.5.7.3.1 (serverAuth)") {
		t.Errorf("with none named: %v", err)
	}
	p = policy.New(policy.Patch{X509: &policy.X509Patch{EKUs: &[]string{}}}, begin)
	p.Key, p.X509.Subject, p.X509.Usage = vault.KeyProps{Type: vault.EC, Curve: vault.P256, Size: 256}, "CN=host", policy.DefaultUsage(vault.EC)
	must.Do(t, i.ValidatePolicy(config(""), p))
	if leaf, _ := issue(t, i, orderOf(t, "", p, begin)); len(leaf.ExtKeyUsage) != 1 || leaf.ExtKeyUsage[0] != x509.ExtKeyUsageCodeSigning {
		t.Errorf("given %v", leaf.ExtKeyUsage)
	}
}
