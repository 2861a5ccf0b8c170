package auth

import (
	"crypto/x509"
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
	Tenant    string // one path segment; "" means DefaultTenant
	Authority string // where challenges say that tokens are had; "" is the vault's own address and Tenant
	Vault     string // what localhost and IP addresses mean; "" means DefaultVault
	Known     *Known // of a development server: whose claims are not read again; nil: each time

	Verifier *Verifier // of a production server: no token is believed without it
	Mutual   *Mutual   // and whose client certificates are; nil takes none
	Proxies  Proxies   // and who may say where a request came from
	Recovery *Recovery // and the token of a start that was meant to mend the configuration; nil: there is none
}

// Authenticate returns who asks. A request without a well-formed bearer token
// is refused with vault.NoToken; answer it with Challenge in WWW-Authenticate,
// and any other refusal too. A production server returns the address of the
// caller with a refusal.
//
// A development server verifies no token and takes any (docs/contract/connecting.md).
// The claims of one that has the form of a JWT fill in the Caller.
func (a Authenticator) Authenticate(r *http.Request) (vault.Caller, error) {
	if a.Verifier != nil {
		who, err := a.verified(r)
		who.Address = a.Proxies.Address(r)
		return who, err
	}
	token, ok := bearer(r.Header.Values("Authorization"))
	if !ok {
		return vault.Caller{}, vault.NoToken()
	}
	return a.Known.caller(token), nil
}

// verified returns who asks by the token of a request, or, if there is none, by
// the client certificate of its connection.
func (a Authenticator) verified(r *http.Request) (vault.Caller, error) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		if leaf := a.certificate(r); leaf != nil {
			if who, ok := a.Mutual.caller(leaf); ok {
				return who, nil
			}
		}
		return vault.Caller{}, vault.NoToken()
	}
	token, ok := bearer(headers)
	if !ok {
		return vault.Caller{}, vault.NoToken()
	}
	if who, ok := a.Recovery.caller(token, r, a.Proxies); ok {
		return who, nil
	}
	is, err := a.Verifier.verify(r.Context(), token)
	if err != nil {
		return vault.Caller{}, err
	}
	if is.bound.any {
		if err := is.bound.shown(a.certificate(r)); err != nil {
			return vault.Caller{}, err
		}
	}
	return is.who, nil
}

// certificate returns the client certificate of whoever sent a request; nil for
// none. One that a proxy shows is the proxy's own, not of those that it speaks for.
func (a Authenticator) certificate(r *http.Request) *x509.Certificate {
	if a.Mutual == nil || a.Proxies.trusts(parseAddress(r.RemoteAddr)) {
		return nil
	}
	return a.Mutual.certificate(r)
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
