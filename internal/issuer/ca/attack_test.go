package ca

import (
	"strings"
	"testing"

	"certwright/internal/vault"
)

// Names that are written as another kind of name are held against the rules of
// what programs take them for.
func TestNamesInDisguise(t *testing.T) {
	t.Parallel()
	i, _ := newIssuer(t, Settings{PermittedDNS: []string{"corp.example"}, PermittedIPs: []string{"10.0.0.0/8"}})
	for name, c := range map[string]struct {
		subject string
		sans    vault.SANs
	}{
		"a host as principal name": {"CN=bank.test", vault.SANs{UPNs: []string{"bank.test"}}},
		"an address as DNS name":   {"", vault.SANs{DNS: []string{"8.8.8.8"}}},
		"an address as CN":         {"CN=8.8.8.8", vault.SANs{UPNs: []string{"8.8.8.8"}}},
		"mapped into IPv6":         {"", vault.SANs{IPs: []string{"::ffff:8.8.8.8"}}},
	} {
		if err := i.ValidatePolicy(config(""), policyOf(c.subject, c.sans)); err == nil {
			t.Errorf("%s: the policy is accepted", name)
		}
		if p, err := i.Step(t.Context(), orderOf(t, "", policyOf(c.subject, c.sans), begin)); err != nil || p.Chain != nil {
			t.Errorf("%s: issued (%v)", name, err)
		}
	}
	any, _ := newIssuer(t, Settings{})
	if err := any.ValidatePolicy(config(""), policyOf("", vault.SANs{DNS: []string{"8.8.8.8"}})); err == nil {
		t.Error("an address is certified as a DNS name")
	}
}

// An operator sees what is to be approved.
func TestApprovalShowsTheNames(t *testing.T) {
	t.Parallel()
	i, _ := newIssuer(t, Settings{ManualApproval: true})
	p, err := i.Step(t.Context(), orderOf(t, "", policyOf("CN=www.corp.example", vault.SANs{DNS: []string{"www.corp.example", "bank.test"}, IPs: []string{"10.1.2.3"}}), begin))
	for _, want := range []string{"CN=www.corp.example", "bank.test", "10.1.2.3", "3 names"} {
		if err != nil || !p.WantsApproval || !strings.Contains(p.Detail, want) {
			t.Errorf("%q does not show %q (%v)", p.Detail, want, err)
		}
	}
}
