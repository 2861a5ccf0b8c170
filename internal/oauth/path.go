package oauth

import "strings"

// An Endpoint is one of those that a tenant has.
type Endpoint string

// The endpoints of a tenant.
const (
	DiscoveryEndpoint Endpoint = "discovery"
	TokenEndpoint     Endpoint = "token"
	KeysEndpoint      Endpoint = "keys"
	AuthorizeEndpoint Endpoint = "authorize"
)

// Endpoints that stand at the root of a host, in lower case.
const (
	InstancePath  = "common/discovery/instance"
	WebfingerPath = ".well-known/webfinger"
)

// Find returns the tenant and the endpoint that a path names. Letter case and
// slashes at the ends do not matter after the tenant.
func Find(path string) (tenant string, at Endpoint, ok bool) {
	tenant, rest, _ := strings.Cut(strings.Trim(path, "/"), "/")
	if !IsTenant(tenant) {
		return "", "", false
	}
	at, ok = ofTenant(strings.ToLower(rest))
	return tenant, at, ok
}

// ofTenant finds what stands below a tenant. "adfs" may stand there twice, since
// it is the end of some login endpoints and a tenant: az asks for
// /adfs/adfs/v2.0/.well-known/openid-configuration.
func ofTenant(rest string) (Endpoint, bool) {
	switch strings.TrimPrefix(rest, "adfs/") {
	case ".well-known/openid-configuration", "v2.0/.well-known/openid-configuration":
		return DiscoveryEndpoint, true
	case "oauth2/token", "oauth2/v2.0/token":
		return TokenEndpoint, true
	case "discovery/keys", "discovery/v2.0/keys":
		return KeysEndpoint, true
	case "oauth2/authorize", "oauth2/v2.0/authorize":
		return AuthorizeEndpoint, true
	}
	return "", false
}

// IsTenant reports whether s may stand as a tenant in a path: no collection of
// a vault does.
func IsTenant(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '.' || c == '_') {
			return false
		}
	}
	switch strings.TrimPrefix(strings.ToLower(s), "deleted") {
	case "certificates", "keys", "secrets", "storage":
		return false
	}
	return true
}
