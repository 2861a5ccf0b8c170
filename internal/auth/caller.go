package auth

import (
	"strings"

	"github.com/go-jose/go-jose/v4/json"

	"certwright/internal/vault"
)

// maxSubject bounds what names a caller, in bytes.
const maxSubject = 1024

// caller says who a verified token names.
func (i *issuer) caller(c claims) (vault.Caller, error) {
	m := i.claims
	who := vault.Caller{
		Issuer: i.name, Subject: c.text(m.Subject), Tenant: c.text(m.Tenant), TokenID: c.text(m.ID),
		Groups: c.texts(m.Groups), Roles: c.texts(m.Roles), MoreGroups: c.moreGroups(),
		Name: firstOf(c.text(m.Name), c.text("upn"), c.text("email"), c.text("app_displayname"), c.text("name")),
	}
	if who.Subject == "" || len(who.Subject) > maxSubject {
		return vault.Caller{}, vault.BadTokenClaims("The token's claim " + vault.Shorten(m.Subject) + ", which must name the caller, is missing or too long.")
	}
	for _, name := range m.App {
		if who.App = c.text(name); who.App != "" {
			break
		}
	}
	who.Name = vault.Shorten(who.Name)
	who.Type = c.callerType(m.Preset, who.App)
	return who, nil
}

// moreGroups reports whether the issuer left groups out, as Entra does where a
// caller is in more than 200: a pointer to them stands there instead.
func (c claims) moreGroups() bool {
	if names, ok := c["_claim_names"].(map[string]any); ok && names["groups"] != nil {
		return true
	}
	switch v := c["hasgroups"].(type) {
	case bool:
		return v
	case string:
		return strings.EqualFold(v, "true")
	case json.Number:
		return v != "0"
	}
	return false
}

// callerType tells people and programs apart where the token does.
func (c claims) callerType(preset, app string) vault.CallerType {
	switch idtyp, sub := c.text("idtyp"), c.text("sub"); {
	case idtyp == "app":
		return vault.AppCaller
	case idtyp == "user":
		return vault.UserCaller
	case preset == presetEntra && c["scp"] == nil && sub != "" && sub == c.text("oid"):
		return vault.AppCaller
	case preset == presetEntra:
		return vault.UserCaller
	case strings.HasPrefix(sub, "system:serviceaccount:"), c.text("iss") == "https://token.actions.githubusercontent.com", app != "" && sub == app:
		return vault.AppCaller
	}
	return ""
}
