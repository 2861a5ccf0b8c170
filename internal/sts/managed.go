package sts

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// managedToken is the answer of the managed identity endpoints: numbers as
// text, as the real ones write them.
type managedToken struct {
	AccessToken string `json:"access_token"`
	ClientID    string `json:"client_id"`
	ExpiresIn   string `json:"expires_in"`
	ExpiresOn   string `json:"expires_on"`
	NotBefore   string `json:"not_before"`
	Resource    string `json:"resource"`
	TokenType   string `json:"token_type"`
}

// appService plays the token endpoint of App Service. Its header is the proof
// that the caller can set headers, so that no tricked web request gets a
// token; "secret" is the name it had before 2019.
func appService(s *Service, w http.ResponseWriter, r *http.Request, _ string) {
	if r.Header.Get("X-Identity-Header") == "" && r.Header.Get("Secret") == "" {
		refuseAppService(w, http.StatusUnauthorized, "The X-IDENTITY-HEADER header is missing.")
		return
	}
	q := r.URL.Query()
	if q.Get("resource") == "" {
		refuseAppService(w, http.StatusBadRequest, "The query parameter 'resource' is missing.")
		return
	}
	s.answerManaged(w, r, q.Get("resource"), q.Get("client_id"))
}

// refuseAppService writes App Service's own error form.
func refuseAppService(w http.ResponseWriter, status int, message string) {
	write(w, status, map[string]any{"statusCode": status, "message": message})
}

// cloudShell plays the token endpoint of Cloud Shell: a form, and Metadata: true.
func cloudShell(s *Service, w http.ResponseWriter, r *http.Request, _ string) {
	if !hasMetadata(w, r) {
		return
	}
	if err := r.ParseForm(); err != nil {
		refuse(w, http.StatusBadRequest, "invalid_request", "The form cannot be read.")
		return
	}
	if r.Form.Get("resource") == "" {
		refuse(w, http.StatusBadRequest, "invalid_request", "Required body parameter 'resource' is missing")
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
			refuse(w, http.StatusBadRequest, "invalid_request", "Required query variable '"+name+"' is missing")
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
	refuse(w, http.StatusBadRequest, "invalid_request", "Required metadata header not specified")
	return false
}

func (s *Service) answerManaged(w http.ResponseWriter, r *http.Request, resource, client string) {
	g, err := s.grant(r, s.tenant, resource, client)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "server_error", "The token cannot be signed.")
		return
	}
	answer(w, managedToken{
		AccessToken: g.token,
		ClientID:    g.client,
		ExpiresIn:   strconv.Itoa(int(lifetime.Seconds())),
		ExpiresOn:   strconv.FormatInt(g.expiry.Unix(), 10),
		NotBefore:   strconv.FormatInt(g.notBefore.Unix(), 10),
		Resource:    resource,
		TokenType:   "Bearer",
	})
}

// answer writes a 200 that nobody may keep.
func answer(w http.ResponseWriter, body any) { write(w, http.StatusOK, body) }

// refuse writes an error as OAuth spells it (RFC 6749 section 5.2).
func refuse(w http.ResponseWriter, status int, code, description string) {
	write(w, status, map[string]string{"error": code, "error_description": description})
}

func write(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that went away
}
