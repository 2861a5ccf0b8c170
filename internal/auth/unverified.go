package auth

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"certwright/internal/vault"
)

// Anonymous is the Subject of a caller whose token says nothing.
const Anonymous = "anonymous"

// unverified are the members of an access token that name a caller. Entra writes
// appid (v1) or azp (v2); oid is the stable id, sub differs by application.
type unverified struct {
	Tenant  string   `json:"tid"`
	Object  string   `json:"oid"`
	Subject string   `json:"sub"`
	App     string   `json:"appid"`
	Party   string   `json:"azp"`
	Groups  []string `json:"groups"`
	Roles   []string `json:"roles"`
}

// callerOf reads the claims of a token in the form of a JWT without verifying
// it. Anything else is a caller without a name.
func callerOf(token string) vault.Caller {
	c, ok := readClaims(token)
	if !ok {
		return vault.Caller{Subject: Anonymous}
	}
	return vault.Caller{
		Tenant:  c.Tenant,
		Subject: firstOf(c.Object, c.Subject, Anonymous),
		App:     firstOf(c.App, c.Party),
		Groups:  c.Groups,
		Roles:   c.Roles,
	}
}

func readClaims(token string) (unverified, bool) {
	var c unverified
	_, rest, _ := strings.Cut(token, ".")
	payload, signature, ok := strings.Cut(rest, ".")
	if !ok || strings.Contains(signature, ".") {
		return c, false
	}
	body, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
	if err != nil || json.Unmarshal(body, &c) != nil {
		return unverified{}, false
	}
	return c, true
}

func firstOf(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}
