package auth

import (
	"errors"
	"fmt"

	"certwright/internal/setting"
)

// ClaimSettings say which claims of an issuer's tokens name the caller. A claim
// inside another is written with a slash, as in realm_access/roles. What is not
// set is taken from the preset.
type ClaimSettings struct {
	Preset  string   // entra or generic; made out by the issuer's url unless set
	Subject string   // who the caller is; a token without it is refused
	App     []string // the application that acts; the first that is there
	Groups  string
	Roles   string
	Tenant  string
	Name    string // for people to read; nothing is decided by it
	ID      string // of the token, for the audit
}

// Fields implements setting.Settings.
func (c *ClaimSettings) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("preset", &c.Preset),
		setting.Text("subject", &c.Subject),
		setting.Texts("app", &c.App),
		setting.Text("groups", &c.Groups),
		setting.Text("roles", &c.Roles),
		setting.Text("tenant", &c.Tenant),
		setting.Text("name", &c.Name),
		setting.Text("id", &c.ID),
	}
}

// The presets.
const (
	presetEntra   = "entra"
	presetGeneric = "generic"
)

// presets are what the claims are called: of Entra oid is the caller, since sub
// is another one for each application; elsewhere OpenID Connect's own words.
var presets = map[string]ClaimSettings{
	presetEntra:   {Subject: "oid", App: []string{"appid", "azp"}, Groups: "groups", Roles: "roles", Tenant: "tid", Name: "preferred_username", ID: "uti"},
	presetGeneric: {Subject: "sub", App: []string{"azp", "client_id"}, Groups: "groups", Roles: "roles", Name: "preferred_username", ID: "jti"},
}

// withDefaults fills in what the preset says.
func (c ClaimSettings) withDefaults(entra bool) ClaimSettings {
	if c.Preset == "" {
		c.Preset = presetGeneric
		if entra {
			c.Preset = presetEntra
		}
	}
	p := presets[c.Preset]
	for _, one := range []struct{ set, usual *string }{
		{&c.Subject, &p.Subject}, {&c.Groups, &p.Groups}, {&c.Roles, &p.Roles}, {&c.Tenant, &p.Tenant}, {&c.Name, &p.Name}, {&c.ID, &p.ID},
	} {
		if *one.set == "" {
			*one.set = *one.usual
		}
	}
	if len(c.App) == 0 {
		c.App = p.App
	}
	return c
}

func (c ClaimSettings) check() (wrong []error) {
	if _, known := presets[c.Preset]; !known {
		return []error{fmt.Errorf("preset: %q is unknown; write entra or generic", c.Preset)}
	}
	for _, name := range c.App {
		if name == "" {
			return []error{errors.New("app: an empty text is no claim; leave it out")}
		}
	}
	return nil
}
