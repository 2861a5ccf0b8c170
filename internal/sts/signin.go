package sts

import (
	"net/http"
	"net/url"
	"strings"
)

// signinToken is the answer of the sign-in service.
type signinToken struct {
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	ExtExpiresIn int    `json:"ext_expires_in"`
	AccessToken  string `json:"access_token"`
}

// token plays the token endpoint. Any client, secret, assertion and grant type
// will do. Entra insists on grant_type and scope or resource; ADFS does without
// the latter.
func token(s *Service, w http.ResponseWriter, r *http.Request, tenant string) {
	if err := r.ParseForm(); err != nil {
		refuse(w, http.StatusBadRequest, "invalid_request", "AADSTS900144: The request body cannot be read as a form.")
		return
	}
	f := r.PostForm
	if f.Get("grant_type") == "" {
		refuseMissing(w, "grant_type")
		return
	}
	audience := audienceOf(f.Get("resource"), f.Get("scope"))
	if audience == "" && !strings.EqualFold(tenant, "adfs") {
		refuseMissing(w, "scope")
		return
	}
	g, err := s.grant(r, tenant, audience, f.Get("client_id"))
	if err != nil {
		refuse(w, http.StatusInternalServerError, "server_error", "The token cannot be signed.")
		return
	}
	seconds := int(lifetime.Seconds())
	answer(w, signinToken{TokenType: "Bearer", ExpiresIn: seconds, ExtExpiresIn: seconds, AccessToken: g.token})
}

func refuseMissing(w http.ResponseWriter, parameter string) {
	refuse(w, http.StatusBadRequest, "invalid_request",
		"AADSTS900144: The request body must contain the following parameter: '"+parameter+"'.")
}

// authorize is where a browser would sign in.
func authorize(_ *Service, w http.ResponseWriter, _ *http.Request, _ string) {
	refuse(w, http.StatusBadRequest, "unsupported_response_type",
		"This server has no sign-in page; use a managed identity, a client secret or a client assertion.")
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

func discovery(_ *Service, w http.ResponseWriter, r *http.Request, tenant string) {
	at := authority(r, tenant)
	version := "v2.0/"
	if strings.EqualFold(tenant, "adfs") {
		version = "" // ADFS has one version, whose paths carry none
	}
	answer(w, configuration{
		Issuer:                at,
		AuthorizationEndpoint: at + "/oauth2/" + version + "authorize",
		TokenEndpoint:         at + "/oauth2/" + version + "token",
		JWKSURI:               at + "/discovery/" + version + "keys",
		TokenAuthMethods:      []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		ResponseTypes:         []string{"code", "token"},
		SubjectTypes:          []string{"pairwise"},
		SigningAlgorithms:     []string{"ES256"},
	})
}

// instance answers what clients ask login.microsoftonline.com about an
// authority that they do not know.
func instance(s *Service, w http.ResponseWriter, r *http.Request, _ string) {
	tenant := s.tenant
	if u, err := url.Parse(r.URL.Query().Get("authorization_endpoint")); err == nil {
		if t, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/"); isTenant(t) {
			tenant = t
		}
	}
	answer(w, map[string]any{
		"tenant_discovery_endpoint": authority(r, tenant) + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []map[string]any{{
			"preferred_network": r.Host, "preferred_cache": r.Host, "aliases": []string{r.Host},
		}},
	})
}
