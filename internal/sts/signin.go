package sts

import (
	"net/http"
	"strings"

	"certwright/internal/oauth"
)

// token plays the token endpoint. Any client, secret, assertion and grant type
// will do. Entra insists on grant_type and scope or resource; ADFS does without
// the latter.
func token(s *Service, w http.ResponseWriter, r *http.Request, tenant string) {
	if err := r.ParseForm(); err != nil {
		oauth.Refuse(w, http.StatusBadRequest, "invalid_request", "AADSTS900144: The request body cannot be read as a form.")
		return
	}
	f := r.PostForm
	if f.Get("grant_type") == "" {
		oauth.RefuseMissing(w, "grant_type")
		return
	}
	audience := oauth.AudienceOf(f.Get("resource"), f.Get("scope"))
	if audience == "" && !strings.EqualFold(tenant, "adfs") {
		oauth.RefuseMissing(w, "scope")
		return
	}
	g, err := s.grant(r, tenant, audience, f.Get("client_id"))
	if err != nil {
		oauth.Refuse(w, http.StatusInternalServerError, "server_error", "The token cannot be signed.")
		return
	}
	oauth.AnswerToken(w, g)
}

// authorize is where a browser would sign in.
func authorize(_ *Service, w http.ResponseWriter, _ *http.Request, _ string) { oauth.NoSignInPage(w) }

func discovery(_ *Service, w http.ResponseWriter, r *http.Request, tenant string) {
	oauth.Discovery(w, oauth.Authority(r, tenant), tenant, "ES256")
}

func instance(s *Service, w http.ResponseWriter, r *http.Request, _ string) {
	oauth.Instance(w, r, s.tenant)
}

func webfinger(_ *Service, w http.ResponseWriter, r *http.Request, _ string) { oauth.Webfinger(w, r) }
