package signin

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// A Challenge is what a vault says of tokens that it takes.
type Challenge struct {
	Authority string // scheme and host of who gives them
	Tenant    string // of the authority
	Resource  string // what they are for
}

// resourceBytes are what a resource is written with. It goes to Azure CLI as an
// argument, and what runs that on Windows gives a meaning to others.
const resourceBytes = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.:/[]"

// Read takes the header WWW-Authenticate of an answer of host apart. The
// resource must be about that host, so that nobody lures a token away that
// other vaults would take.
func Read(header, host string) (Challenge, error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(header), "Bearer ")
	if !ok {
		return Challenge{}, errors.New("the server wants nobody to sign in as vaults do: it sends no challenge for a bearer token")
	}
	said := map[string]string{}
	for part := range strings.FieldsFuncSeq(rest, func(r rune) bool { return r == ' ' || r == ',' }) {
		if name, value, ok := strings.Cut(part, "="); ok {
			said[strings.ToLower(name)] = strings.Trim(value, `"`)
		}
	}
	c := Challenge{Resource: said["resource"]}
	if scope := said["scope"]; scope != "" {
		c.Resource = strings.TrimSuffix(scope, "/.default")
	}
	about, err := url.Parse(c.Resource)
	if err != nil || about.Scheme == "" || about.Host == "" || strings.Trim(c.Resource, resourceBytes) != "" || about.Host != host && !strings.HasSuffix(host, "."+about.Host) {
		return Challenge{}, fmt.Errorf("the challenge of %s asks for a token for %q, which is about another server: no token was sent", host, c.Resource)
	}
	at := said["authorization"]
	if at == "" {
		at = said["authorization_uri"]
	}
	authority, err := url.Parse(at)
	if err != nil || authority.Host == "" || authority.Scheme != "https" {
		return Challenge{}, fmt.Errorf("the challenge of %s names no authority: %q", host, at)
	}
	c.Authority = "https://" + authority.Host
	c.Tenant, _, _ = strings.Cut(strings.Trim(authority.Path, "/"), "/")
	return c, nil
}
