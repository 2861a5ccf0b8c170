package access

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
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
	r, s, wrong := c.read(of, a)
	for _, err := range wrong {
		c.say(of, fmt.Errorf("access: assignments: %w", err))
	}
	if len(wrong) > 0 {
		return
	}
	row := Row{To: a.To.String(), Gives: "role " + r.name, On: s.String()}
	row.Idle = c.place(a.To, grant{rights: r.rights, scope: s, reason: row.Gives + " for " + row.To + " on " + row.On})
	c.t.rows = append(c.t.rows, row)
}

// read returns the role and the scope of an assignment.
func (c *compiler) read(of string, a Assignment) (r role, s scope, wrong []error) {
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
	return r, s, wrong
}

// place puts the grant of an assignment into every index that it reaches, and
// tells why it decides nothing, if so.
func (c *compiler) place(to Principal, g grant) (idle string) {
	decides := false
	if g.scope.vault == "" {
		c.t.server.add(to, g)
		decides = g.rights.door != 0
	}
	for name, v := range c.t.vaults {
		if g.scope.vault != "" && !matches(g.scope.vault, name) {
			continue
		}
		mine := g
		if v.policies {
			mine.rights.data = 0
		}
		if mine.rights != (rights{}) {
			v.grants.add(to, mine)
			decides = true
		}
	}
	switch {
	case g.rights == rights{}:
		return "the role is of the management plane alone"
	case !decides && c.known:
		return "its vaults use access policies"
	}
	return ""
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

// Rows lists every assignment and policy, in the order of the configuration.
func (t *Table) Rows() []Row { return t.rows }
