package auth

import (
	"net/http"
	"strings"

	"certwright/internal/vault"
)

// DefaultTenant is the tenant that challenges name unless configured: "adfs"
// is the only one with which SDKs skip instance discovery at the public cloud
// (docs/contract/connecting.md).
const DefaultTenant = "adfs"

// DefaultVault is the vault that localhost and IP addresses mean unless configured.
const DefaultVault = "default"

// An Authenticator tells who calls, and which vault a host name means. The zero
// value is that of a development server.
type Authenticator struct {
	Tenant string // one path segment; "" means DefaultTenant
	Vault  string // what localhost and IP addresses mean; "" means DefaultVault
	Known  *Known // whose claims are not read again; nil: each time
}

// Authenticate returns who asks. A request without a well-formed bearer token
// is refused with vault.NoToken; answer it with Challenge in WWW-Authenticate.
//
// The token is not verified: a development server takes any (docs/contract/connecting.md).
// The claims of one that has the form of a JWT fill in the Caller.
func (a Authenticator) Authenticate(r *http.Request) (vault.Caller, error) {
	token, ok := bearer(r.Header.Values("Authorization"))
	if !ok {
		return vault.Caller{}, vault.NoToken()
	}
	return a.Known.caller(token), nil
}

// bearer returns the b64token (RFC 6750 section 2.1) of the one Authorization
// header there is; several are refused, since proxies and servers might pick
// different ones.
func bearer(headers []string) (string, bool) {
	if len(headers) != 1 {
		return "", false
	}
	scheme, token, ok := strings.Cut(headers[0], " ")
	token = strings.Trim(token, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || !isB64Token(token) {
		return "", false
	}
	return token, true
}

// isB64Token reports whether s is one or more of ALPHA, DIGIT and "-._~+/",
// followed by any number of "=".
func isB64Token(s string) bool {
	body := strings.TrimRight(s, "=")
	if body == "" {
		return false
	}
	for _, c := range []byte(body) {
		if !isAlnum(c) && strings.IndexByte("-._~+/", c) < 0 {
			return false
		}
	}
	return true
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
