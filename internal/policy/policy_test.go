package policy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/policy"
	"certwright/internal/vault"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// refused is how a refusal looks to the caller.
func refused(err error) string {
	var e *vault.Error
	if !errors.As(err, &e) || e.Reason != vault.Invalid {
		return fmt.Sprint(err)
	}
	return "400 " + e.Code
}

func ptr[T any](v T) *T { return &v }

func subject(s string) *policy.X509Patch { return &policy.X509Patch{Subject: ptr(s)} }

// The recorded defaults of
// {"issuer":{"name":"Self"},"x509_props":{"subject":"CN=DefaultPolicy"}}
// (docs/contract/certificates.md).
func TestDefaults(t *testing.T) {
	t.Parallel()
	got := policy.New(policy.Patch{X509: subject("CN=DefaultPolicy"), Issuer: &policy.IssuerPatch{Name: ptr("Self")}}, noon)
	want := vault.Policy{
		Key:      vault.KeyProps{Type: vault.RSA, Size: 2048, Exportable: true},
		Secret:   vault.SecretProps{ContentType: vault.PKCS12},
		X509:     vault.X509Props{Subject: "CN=DefaultPolicy", EKUs: []string{"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"}, Usage: []vault.KeyUsage{"digitalSignature", "keyEncipherment"}, ValidityMonths: 12},
		Lifetime: []vault.LifetimeAction{{Trigger: vault.Trigger{LifetimePercentage: 80}, Action: vault.AutoRenew}},
		Issuer:   vault.IssuerParams{Name: "Self"}, Enabled: true, Created: noon, Updated: noon,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := policy.Check(got, vault.Policy{}, vault.DefaultSettings("v")); err != nil {
		t.Error(err)
	}
	unknown := policy.New(policy.Patch{X509: subject("CN=x")}, noon)
	if unknown.Issuer.Name != "Unknown" || unknown.Lifetime[0].Action != vault.EmailContacts {
		t.Errorf("no issuer named: %+v", unknown)
	}
}

func TestKeyDefaultsAndChanges(t *testing.T) {
	t.Parallel()
	ec, rsa := vault.EC, vault.RSA
	for name, c := range map[string]struct {
		patches []policy.KeyPatch
		want    vault.KeyProps
	}{
		"EC alone":                       {[]policy.KeyPatch{{Type: &ec}}, vault.KeyProps{Type: vault.EC, Curve: vault.P256, Size: 256, Exportable: true}},
		"EC by size":                     {[]policy.KeyPatch{{Type: &ec, Size: ptr(384)}}, vault.KeyProps{Type: vault.EC, Curve: vault.P384, Size: 384, Exportable: true}},
		"EC by curve":                    {[]policy.KeyPatch{{Type: &ec, Curve: ptr(vault.P521)}}, vault.KeyProps{Type: vault.EC, Curve: vault.P521, Size: 521, Exportable: true}},
		"RSA to P-256K, as JS does":      {[]policy.KeyPatch{{}, {Type: &ec, Curve: ptr(vault.P256K), Size: ptr(256)}}, vault.KeyProps{Type: vault.EC, Curve: vault.P256K, Size: 256, Exportable: true}},
		"EC to RSA resets":               {[]policy.KeyPatch{{Type: &ec, Curve: ptr(vault.P384)}, {Type: &rsa}}, vault.KeyProps{Type: vault.RSA, Size: 2048, Exportable: true}},
		"same type keeps the size":       {[]policy.KeyPatch{{Size: ptr(4096)}, {Type: &rsa}}, vault.KeyProps{Type: vault.RSA, Size: 4096, Exportable: true}},
		"P-256K stays with its own size": {[]policy.KeyPatch{{Type: &ec, Curve: ptr(vault.P256K)}, {Size: ptr(256)}}, vault.KeyProps{Type: vault.EC, Curve: vault.P256K, Size: 256, Exportable: true}},
		"HSM keys stay inside":           {[]policy.KeyPatch{{Type: ptr(vault.RSAHSM)}}, vault.KeyProps{Type: vault.RSAHSM, Size: 2048}},
		"HSM keeps size of software":     {[]policy.KeyPatch{{Size: ptr(3072)}, {Type: ptr(vault.RSAHSM), Exportable: ptr(false)}}, vault.KeyProps{Type: vault.RSAHSM, Size: 3072}},
	} {
		p := policy.New(policy.Patch{Key: &c.patches[0]}, noon)
		for _, patch := range c.patches[1:] {
			p = policy.Apply(p, policy.Patch{Key: &patch}, noon)
		}
		if p.Key != c.want {
			t.Errorf("%s: %+v, want %+v", name, p.Key, c.want)
		}
	}
}

func TestApplyKeepsWhatWasNotSent(t *testing.T) {
	t.Parallel()
	p := policy.New(policy.Patch{X509: &policy.X509Patch{Subject: ptr("CN=a"), SANs: &vault.SANs{DNS: []string{"a"}, URIs: []string{"spiffe://a"}}}}, noon)
	later := noon.Add(time.Hour)
	got := policy.Apply(p, policy.Patch{X509: &policy.X509Patch{ValidityMonths: ptr(24)}}, later)
	want := p
	want.X509.ValidityMonths, want.Updated = 24, later
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	old := policy.Apply(p, policy.Patch{X509: &policy.X509Patch{SANs: &vault.SANs{DNS: []string{"b"}}, KeepNewSANs: true}}, later)
	if diff := cmp.Diff(&vault.SANs{DNS: []string{"b"}, URIs: []string{"spiffe://a"}}, old.X509.SANs); diff != "" {
		t.Errorf("an older client erased what it cannot see: %s", diff)
	}
	usage := policy.Apply(p, policy.Patch{X509: &policy.X509Patch{Usage: &[]vault.KeyUsage{"keyEncipherment", "cRLSign", "keyEncipherment", "dataEncipherment"}}}, later)
	if diff := cmp.Diff([]vault.KeyUsage{"cRLSign", "dataEncipherment", "keyEncipherment"}, usage.X509.Usage); diff != "" {
		t.Error(diff)
	}
}

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	action := func(a string, percent, days int) *[]vault.LifetimeAction {
		return &[]vault.LifetimeAction{{Action: a, Trigger: vault.Trigger{LifetimePercentage: percent, DaysBeforeExpiry: days}}}
	}
	x := func(edit func(*policy.X509Patch)) policy.Patch {
		p := subject("CN=x")
		edit(p)
		return policy.Patch{X509: p}
	}
	key := func(k policy.KeyPatch) policy.Patch { return policy.Patch{X509: subject("CN=x"), Key: &k} }
	life := func(a *[]vault.LifetimeAction) policy.Patch {
		return policy.Patch{X509: subject("CN=x"), Lifetime: a, Issuer: &policy.IssuerPatch{Name: ptr("Self")}}
	}
	for want, patch := range map[string]policy.Patch{
		"Either subjectName or san must be present": {},
		"kty oct cannot be used":                    key(policy.KeyPatch{Type: ptr(vault.Oct)}),
		"kty 'DSA' is not":                          key(policy.KeyPatch{Type: ptr(vault.KeyType("DSA"))}),
		"Unsupported key size (1024)":               key(policy.KeyPatch{Size: ptr(1024)}),
		"Supported sizes are [256]":                 key(policy.KeyPatch{Type: ptr(vault.EC), Curve: ptr(vault.P256), Size: ptr(384)}),
		"Supported sizes are [256, 384, 521]":       key(policy.KeyPatch{Type: ptr(vault.EC), Size: ptr(2048)}),
		"crv goes with an EC key only":              key(policy.KeyPatch{Curve: ptr(vault.P256)}),
		"crv 'P-257' is not":                        key(policy.KeyPatch{Type: ptr(vault.EC), Curve: ptr(vault.Curve("P-257"))}),
		"exportable must be false":                  key(policy.KeyPatch{Type: ptr(vault.ECHSM), Exportable: ptr(true)}),
		"contentType 'text/plain'":                  {X509: subject("CN=x"), Secret: &policy.SecretPatch{ContentType: ptr("text/plain")}},
		"subject is longer":                         {X509: subject("CN=" + strings.Repeat("x", 200))},
		"validity_months must be 1":                 x(func(p *policy.X509Patch) { p.ValidityMonths = ptr(0) }),
		"key_usage 'signing'":                       x(func(p *policy.X509Patch) { p.Usage = &[]vault.KeyUsage{"signing"} }),
		"ekus '1.2.x'":                              x(func(p *policy.X509Patch) { p.EKUs = &[]string{"1.2.x"} }),
		"dns_names 'a b'":                           x(func(p *policy.X509Patch) { p.SANs = &vault.SANs{DNS: []string{"a b"}} }),
		"emails 'nobody'":                           x(func(p *policy.X509Patch) { p.SANs = &vault.SANs{Emails: []string{"nobody"}} }),
		"ipAddresses '1.2.3'":                       x(func(p *policy.X509Patch) { p.SANs = &vault.SANs{IPs: []string{"1.2.3"}} }),
		"uris 'nowhere'":                            x(func(p *policy.X509Patch) { p.SANs = &vault.SANs{URIs: []string{"nowhere"}} }),
		"At most one action":                        life(ptr(append(*action("AutoRenew", 80, 0), *action("EmailContacts", 90, 0)...))),
		"action_type 'Renew'":                       life(action("Renew", 80, 0)),
		"exactly one of":                            life(action("AutoRenew", 80, 10)),
		"lifetime_percentage must be 1 to 99":       life(action("AutoRenew", 100, 0)),
		"days_before_expiry must be 1 to 324":       life(action("AutoRenew", 0, 325)),
		"AutoRenew needs an issuer":                 {X509: subject("CN=x"), Lifetime: action("AutoRenew", 80, 0)},
		"issuer.name is empty":                      {X509: subject("CN=x"), Issuer: &policy.IssuerPatch{Name: ptr("")}},
	} {
		err := policy.Check(policy.New(patch, noon), vault.Policy{}, vault.DefaultSettings("v"))
		if err == nil || !strings.Contains(err.Error(), want) || refused(err) != "400 BadParameter" {
			t.Errorf("got %v, want a 400 with %q", err, want)
		}
	}
	hsm := policy.New(key(policy.KeyPatch{Type: ptr(vault.RSAHSM)}), noon)
	if err := policy.Check(hsm, vault.Policy{}, vault.Settings{SoftDeleteDays: 90}); refused(err) != "400 BadParameter" {
		t.Errorf("-HSM on a standard vault: %v", err)
	}
}

func TestKeyOperations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kty   vault.KeyType
		usage []vault.KeyUsage
		want  string
	}{
		{vault.RSA, []vault.KeyUsage{"digitalSignature", "keyAgreement", "keyCertSign", "keyEncipherment", "nonRepudiation"}, "sign verify wrapKey unwrapKey"}, // recorded
		{vault.RSA, policy.DefaultUsage(vault.RSA), "sign verify wrapKey unwrapKey"},
		{vault.RSA, []vault.KeyUsage{"dataEncipherment"}, "encrypt decrypt"},
		{vault.RSA, []vault.KeyUsage{"decipherOnly"}, "decrypt"},
		{vault.RSA, []vault.KeyUsage{"encipherOnly"}, "encrypt"},
		{vault.RSA, []vault.KeyUsage{}, ""},
		{vault.RSA, nil, "encrypt decrypt sign verify wrapKey unwrapKey"}, // recorded
		{vault.EC, []vault.KeyUsage{"keyEncipherment"}, "sign verify"},
		{vault.ECHSM, nil, "sign verify"},
	} {
		if got := strings.Join(policy.KeyOperations(c.kty, c.usage), " "); got != c.want {
			t.Errorf("%s %v: %q, want %q", c.kty, c.usage, got, c.want)
		}
	}
}
