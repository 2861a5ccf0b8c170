package oauth

import (
	"net/http"
	"net/url"
	"strings"
)

// Authority returns the issuer of a tenant at the host that was asked. Go and
// JavaScript refuse one whose scheme, host and port are not those they asked
// (docs/contract/connecting.md).
func Authority(r *http.Request, tenant string) string { return origin(r) + "/" + tenant }

func origin(r *http.Request) string {
	if r.TLS == nil {
		return "http://" + r.Host
	}
	return "https://" + r.Host
}

// configuration is an OpenID discovery document.
type configuration struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	TokenAuthMethods      []string `json:"token_endpoint_auth_methods_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	SigningAlgorithms     []string `json:"id_token_signing_alg_values_supported"`
}

// Discovery answers with the discovery document of a tenant, at an authority
// that signs with the algorithms.
func Discovery(w http.ResponseWriter, authority, tenant string, algorithms ...string) {
	version := "v2.0/"
	if strings.EqualFold(tenant, "adfs") {
		version = "" // ADFS has one version, whose paths carry none
	}
	Answer(w, configuration{
		Issuer:                authority,
		AuthorizationEndpoint: authority + "/oauth2/" + version + "authorize",
		TokenEndpoint:         authority + "/oauth2/" + version + "token",
		JWKSURI:               authority + "/discovery/" + version + "keys",
		TokenAuthMethods:      []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		ResponseTypes:         []string{"code", "token"},
		SubjectTypes:          []string{"pairwise"},
		SigningAlgorithms:     algorithms,
	})
}

// Instance answers what clients ask login.microsoftonline.com about an
// authority that they do not know; tenant is meant where they name none.
func Instance(w http.ResponseWriter, r *http.Request, tenant string) {
	if u, err := url.Parse(r.URL.Query().Get("authorization_endpoint")); err == nil {
		if t, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/"); IsTenant(t) {
			tenant = t
		}
	}
	Answer(w, map[string]any{
		"tenant_discovery_endpoint": Authority(r, tenant) + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []map[string]any{{
			"preferred_network": r.Host, "preferred_cache": r.Host, "aliases": []string{r.Host},
		}},
	})
}

// Webfinger answers MSAL.NET, which checks that an ADFS authority is trusted
// for the host that it was told.
func Webfinger(w http.ResponseWriter, r *http.Request) {
	subject := r.URL.Query().Get("resource")
	if subject == "" {
		Refuse(w, http.StatusBadRequest, "invalid_request", "Required query variable 'resource' is missing")
		return
	}
	Answer(w, map[string]any{
		"subject": subject,
		"links": []map[string]string{{
			"rel": "http://schemas.microsoft.com/rel/trusted-realm", "href": origin(r),
		}},
	})
}

// NoSignInPage answers where a browser would sign in.
func NoSignInPage(w http.ResponseWriter) {
	Refuse(w, http.StatusBadRequest, "unsupported_response_type",
		"This server has no sign-in page; use a managed identity, a client secret or a client assertion.")
}
