package sts

import (
	"net/http"
	"strconv"

	"certwright/internal/oauth"
)

// appService plays the token endpoint of App Service. Its header is the proof
// that the caller can set headers, so that no tricked web request gets a
// token; "secret" is the name it had before 2019.
func appService(s *Service, w http.ResponseWriter, r *http.Request, _ string) {
	if r.Header.Get("X-Identity-Header") == "" && r.Header.Get("Secret") == "" {
		oauth.RefuseAppService(w, http.StatusUnauthorized, "The X-IDENTITY-HEADER header is missing.")
		return
	}
	q := r.URL.Query()
	if q.Get("resource") == "" {
		oauth.RefuseAppService(w, http.StatusBadRequest, "The query parameter 'resource' is missing.")
		return
	}
	s.answerManaged(w, r, q.Get("resource"), q.Get("client_id"))
}

// cloudShell plays the token endpoint of Cloud Shell: a form, and Metadata: true.
func cloudShell(s *Service, w http.ResponseWriter, r *http.Request, _ string) {
	if !hasMetadata(w, r) {
		return
	}
	if err := r.ParseForm(); err != nil {
		oauth.Refuse(w, http.StatusBadRequest, "invalid_request", "The form cannot be read.")
		return
	}
	if r.Form.Get("resource") == "" {
		oauth.Refuse(w, http.StatusBadRequest, "invalid_request", "Required body parameter 'resource' is missing")
		return
	}
	s.answerManaged(w, r, r.Form.Get("resource"), r.Form.Get("client_id"))
}

// machine plays the instance metadata service of virtual machines.
func machine(s *Service, w http.ResponseWriter, r *http.Request, _ string) {
	if !hasMetadata(w, r) {
		return
	}
	q := r.URL.Query()
	for _, name := range []string{"api-version", "resource"} {
		if q.Get(name) == "" {
			oauth.Refuse(w, http.StatusBadRequest, "invalid_request", "Required query variable '"+name+"' is missing")
			return
		}
	}
	s.answerManaged(w, r, q.Get("resource"), q.Get("client_id"))
}

// hasMetadata refuses a request without Metadata: true in the words of the
// real metadata service.
func hasMetadata(w http.ResponseWriter, r *http.Request) bool {
	if ok, err := strconv.ParseBool(r.Header.Get("Metadata")); err == nil && ok {
		return true
	}
	oauth.Refuse(w, http.StatusBadRequest, "invalid_request", "Required metadata header not specified")
	return false
}

func (s *Service) answerManaged(w http.ResponseWriter, r *http.Request, resource, client string) {
	g, err := s.grant(r, s.tenant, resource, client)
	if err != nil {
		oauth.Refuse(w, http.StatusInternalServerError, "server_error", "The token cannot be signed.")
		return
	}
	oauth.AnswerManaged(w, g)
}
