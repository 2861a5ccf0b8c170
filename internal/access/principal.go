package access

import (
	"errors"
	"fmt"
	"strings"

	"certwright/internal/vault"
)

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
