package access

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"certwright/internal/vault"
)

// A Row is one assignment or policy as a person reads it.
type Row struct {
	To    string `json:"to"`
	Gives string `json:"gives"` // a role, or the permissions of a policy
	On    string `json:"on"`
	Idle  string `json:"idle,omitempty"` // why it decides nothing, if so
}

// assignment puts one where it holds; of is the vault where it stands, "" for the
// server's own.
func (c *compiler) assignment(of string, a Assignment) {
	var wrong []error
	r, ok := c.roles.find(a.Role)
	switch {
	case a.Role == "":
		wrong = append(wrong, errors.New("role: is missing; write the name of a role, as in Key Vault Reader"))
	case !ok:
		wrong = append(wrong, fmt.Errorf("role: %q is unknown%s", a.Role, c.roles.hint(a.Role)))
	}
	wrong = append(wrong, c.checkPrincipal(a.To)...)
	s, err := c.scopeOf(of, a)
	if err != nil {
		wrong = append(wrong, err)
	}
	for _, err := range wrong {
		c.say(of, fmt.Errorf("access: assignments: %w", err))
	}
	if len(wrong) > 0 {
		return
	}
	row := Row{To: a.To.String(), Gives: "role " + r.name, On: s.String()}
	g := grant{rights: r.rights, scope: s, reason: row.Gives + " for " + row.To + " on " + row.On}
	if s.vault == "" {
		c.t.server.add(a.To, g)
	}
	decides := 0
	for name, v := range c.t.vaults {
		if s.vault != "" && !matches(s.vault, name) {
			continue
		}
		mine := g
		if v.policies {
			mine.rights.data = 0
		}
		if mine.rights != (rights{}) {
			v.grants.add(a.To, mine)
			decides++
		}
	}
	switch {
	case r.rights == rights{}:
		row.Idle = "the role is of the management plane alone"
	case decides == 0 && c.known && (s.vault != "" || r.rights.door == 0):
		row.Idle = "its vaults use access policies"
	}
	c.t.rows = append(c.t.rows, row)
}

// scopeOf reads where an assignment holds.
func (c *compiler) scopeOf(of string, a Assignment) (scope, error) {
	on := a.On
	if of != "" {
		on = cmp.Or(a.On, "/vaults/"+of)
	}
	s, err := parseScope(on, a.With)
	switch {
	case err != nil:
		return s, err
	case of != "" && !strings.EqualFold(s.vault, of):
		return s, fmt.Errorf("on: %q is not within the vault %s\nhint: write it under access: of the server, or leave on out", a.On, of)
	case c.known && s.vault != "" && !c.reaches(s.vault):
		return s, fmt.Errorf("on: %q reaches no vault\nhint: declare the vault under vaults", on)
	}
	return s, nil
}

func (c *compiler) reaches(pattern string) bool {
	for name := range c.t.vaults {
		if matches(pattern, name) {
			return true
		}
	}
	return false
}

// policy puts one into vaults.
func (c *compiler) policy(of string, p Policy, into []string) {
	wrong := c.checkObject(p)
	bits, errs := p.Permissions.all()
	if wrong = append(wrong, errs...); len(wrong) == 0 && bits == 0 {
		wrong = append(wrong, errors.New("permissions: is missing; write what the policy grants, as in {certificates: [get, list]}"))
	}
	for _, err := range wrong {
		c.say(of, fmt.Errorf("access: policies: %w", err))
	}
	if len(wrong) > 0 {
		return
	}
	row := Row{To: p.who(), Gives: "access policy " + p.Permissions.String(), On: "/vaults/" + cmp.Or(strings.ToLower(of), "*"), Idle: "its vaults use roles"}
	for _, name := range into {
		v := c.t.vaults[name]
		if v == nil || !v.policies {
			continue
		}
		row.Idle = ""
		g := grant{rights: rights{policy: bits}, scope: scope{vault: name}, app: p.ApplicationID,
			reason: "access policy for " + row.To + " on /vaults/" + name}
		if p.Client != "" {
			v.grants.add(Principal{Client: p.Client}, g)
			continue
		}
		v.grants.add(Principal{Issuer: p.Issuer, Subject: p.ObjectID, Group: p.ObjectID}, g)
	}
	c.t.rows = append(c.t.rows, row)
}

// checkObject tells what is wrong with whom a policy is to.
func (c *compiler) checkObject(p Policy) (wrong []error) {
	switch {
	case p.Client == "" && p.ObjectID == "":
		wrong = append(wrong, errors.New("object_id: is missing; write a subject or a group of the issuer, or client: NAME for a client of the token service"))
	case p.Client != "" && (p.ObjectID != "" || p.Issuer != "" || p.ApplicationID != ""):
		wrong = append(wrong, fmt.Errorf("client: %q stands beside issuer, object_id or application_id\nhint: a client is one by itself; leave them out", p.Client))
	case p.Client != "":
		wrong = append(wrong, c.checkClient(p.Client)...)
	default:
		wrong = append(wrong, c.checkIssuer(p.Issuer)...)
	}
	return wrong
}

// checkPrincipal tells what is wrong with whom an assignment is to.
func (c *compiler) checkPrincipal(p Principal) (wrong []error) {
	named := 0
	for _, name := range []string{p.Subject, p.Group, p.Role, p.Client} {
		if name != "" {
			named++
		}
	}
	switch {
	case named != 1:
		return []error{errors.New("to: name one: {issuer: I, subject: S}, {issuer: I, group: G}, {issuer: I, role: R} or {client: NAME}")}
	case p.Client != "" && p.Issuer != "":
		return []error{fmt.Errorf("to: client %q stands beside an issuer\nhint: a client is of this server's own token service; leave issuer out", p.Client)}
	case p.Client != "":
		return c.checkClient(p.Client)
	}
	return c.checkIssuer(p.Issuer)
}

func (c *compiler) checkClient(name string) []error {
	if _, there := c.t.issuers[vault.ClientIssuer]; c.t.issuers != nil && !there {
		return []error{fmt.Errorf("client: %q can be nobody: this server has no token service\nhint: set token_service under auth", name)}
	}
	return nil
}

func (c *compiler) checkIssuer(name string) []error {
	switch _, known := c.t.issuers[name]; {
	case name == "":
		return []error{errors.New("issuer: is missing; write the name of one under auth: issuers, since two issuers may know the same subject")}
	case c.t.issuers != nil && !known:
		return []error{fmt.Errorf("issuer: %q is unknown\nhint: use the name of one under auth: issuers", name)}
	}
	return nil
}

// hint names the roles that were probably meant, or how to find them.
func (b roleBook) hint(typed string) string {
	for _, r := range b {
		if strings.EqualFold(strings.ReplaceAll(r.name, " ", ""), strings.NewReplacer(" ", "", "-", "", "_", "").Replace(typed)) || strings.EqualFold("Key Vault "+typed, r.name) {
			return "\nhint: did you mean " + r.name + "?"
		}
	}
	return "\nhint: use a built-in role, as in Key Vault Reader or Certwright Operator, or declare it under access: roles"
}

// String names a principal for people.
func (p Principal) String() string {
	switch {
	case p.Client != "":
		return "client " + p.Client
	case p.Group != "":
		return "group " + p.Group + " of " + p.Issuer
	case p.Role != "":
		return "role " + p.Role + " of " + p.Issuer
	}
	return "subject " + p.Subject + " of " + p.Issuer
}

func (p Policy) who() string {
	switch {
	case p.Client != "":
		return "client " + p.Client
	case p.ApplicationID != "":
		return "object " + p.ObjectID + " of " + p.Issuer + " through application " + p.ApplicationID
	}
	return "object " + p.ObjectID + " of " + p.Issuer
}

// String lists the permissions, kind by kind.
func (p Permissions) String() string {
	var all []string
	for _, of := range []struct {
		kind  string
		names []string
	}{{"certificates", p.Certificates}, {"keys", p.Keys}, {"secrets", p.Secrets}, {"storage", p.Storage}} {
		if len(of.names) > 0 {
			all = append(all, of.kind+" "+strings.Join(of.names, "+"))
		}
	}
	return strings.Join(all, ", ")
}

// Rows lists every assignment and policy, in the order of the configuration.
func (t *Table) Rows() []Row { return t.rows }
