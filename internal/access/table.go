package access

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"certwright/internal/vault"
)

// A Table is every rule of a configuration, compiled. It never changes.
type Table struct {
	vaults  map[string]*vaultRules // by name, in lower case
	server  index                  // what reaches everything
	metrics []netip.Prefix
	issuers map[string]string
	root    string // of the paths of vaults in refusals
	region  string
	rows    []Row
}

// vaultRules are those of one vault.
type vaultRules struct {
	policies bool // the model; else it is roles
	firewall firewall
	grants   index
	path     string // in refusals
	place    vault.Place
}

// A Vault is what an operator wrote of one.
type Vault struct {
	Name    string
	Access  VaultSettings
	Network Network
}

// Surroundings are what refusals and checks take from the rest of the configuration.
type Surroundings struct {
	Region  string
	Issuers map[string]string // the URL of each, by its name; nil: they are not known, and any may be named
}

// Check tells what will not do in settings of the server by themselves.
func (s Settings) Check() []error {
	_, wrong := compile(s, nil, Surroundings{})
	return wrong
}

// New compiles the rules of a server and its vaults, all or nothing.
func New(s Settings, vaults []Vault, in Surroundings) (*Table, error) {
	if vaults == nil {
		vaults = []Vault{} // there are none, rather than not known
	}
	t, wrong := compile(s, vaults, in)
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	return t, nil
}

// compile returns the table and what is wrong. Without vaults it does not look
// whether they are there.
func compile(s Settings, vaults []Vault, in Surroundings) (*Table, []error) {
	c := compiler{t: &Table{vaults: map[string]*vaultRules{}, server: index{}, issuers: in.Issuers, region: in.Region}, known: vaults != nil}
	c.t.root = s.Root()
	var wrong []error
	c.roles, wrong = newRoleBook(s.Roles)
	c.say("", wrong...)
	c.server(s)
	for _, v := range vaults {
		c.vault(s, v)
	}
	for _, a := range s.Assignments {
		c.assignment("", a)
	}
	for _, p := range s.Policies {
		c.policy("", p, slices.Sorted(maps.Keys(c.t.vaults)))
	}
	for _, v := range vaults {
		for _, a := range v.Access.Assignments {
			c.assignment(v.Name, a)
		}
		for _, p := range v.Access.Policies {
			c.policy(v.Name, p, []string{strings.ToLower(v.Name)})
		}
	}
	return c.t, c.wrong
}

// How vaults are named in refusals and in the audit where nothing is configured.
const (
	defaultSubscription = "00000000-0000-0000-0000-000000000001"
	defaultGroup        = "certwright"
)

// Root is what the paths of vaults begin with, as refusals and the audit name them.
func (s Settings) Root() string {
	return "/subscriptions/" + strings.ToLower(cmp.Or(s.Subscription, defaultSubscription)) +
		"/resourcegroups/" + strings.ToLower(cmp.Or(s.ResourceGroup, defaultGroup)) + "/providers/microsoft.keyvault/vaults/"
}

// A compiler makes a table and gathers what is wrong.
type compiler struct {
	t     *Table
	roles roleBook
	known bool // which vaults there are
	wrong []error
}

// say notes faults; of is the vault where they stand.
func (c *compiler) say(of string, wrong ...error) {
	for _, err := range wrong {
		if of != "" {
			err = fmt.Errorf("vaults: %s: %w", of, err)
		}
		c.wrong = append(c.wrong, err)
	}
}

// server compiles what is of the server alone.
func (c *compiler) server(s Settings) {
	if _, err := isPolicies(s.Model, ""); err != nil {
		c.say("", err)
	}
	metrics := s.Metrics
	if len(metrics) == 0 {
		metrics = []string{"127.0.0.0/8", "::1"}
	}
	ranges, wrong := prefixes("access: metrics", metrics)
	c.t.metrics = ranges
	c.say("", wrong...)
	for key, text := range map[string]string{"subscription": s.Subscription, "resource_group": s.ResourceGroup} {
		if strings.Trim(strings.ToLower(text), "abcdefghijklmnopqrstuvwxyz0123456789-._()") != "" || len(text) > 90 {
			c.say("", fmt.Errorf("access: %s: %q must be made of letters, digits, '-', '.', '_' and brackets", key, text))
		}
	}
}

// vault makes the rules of one, without grants.
func (c *compiler) vault(s Settings, v Vault) {
	name := strings.ToLower(v.Name)
	r := &vaultRules{grants: index{}, path: c.t.root + name, place: vault.Place{Vault: name, Region: c.t.region}}
	var err error
	if r.policies, err = isPolicies(v.Access.Model, s.Model); err != nil && v.Access.Model != "" {
		c.say(v.Name, err)
	}
	var wrong []error
	r.firewall, wrong = v.Network.compile()
	c.say(v.Name, wrong...)
	c.t.vaults[name] = r
}

// isPolicies reads a model; usual is what holds where none is set.
func isPolicies(model, usual string) (bool, error) {
	switch strings.ToLower(cmp.Or(model, usual, ModelRoles)) {
	case ModelRoles:
		return false, nil
	case ModelPolicies:
		return true, nil
	}
	return false, fmt.Errorf("access: model: %q must be %s or %s", cmp.Or(model, usual), ModelRoles, ModelPolicies)
}

// MetricsFrom reports whether an address reads /metrics without a token.
func (t *Table) MetricsFrom(from netip.Addr) bool { return contains(t.metrics, from) }
