package agent

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"certwright/internal/oauth"
)

// tokenPath is where tokens are asked for.
const tokenPath = "/msi/token"

// An Answer is what a source says to a request for a token.
type Answer struct {
	Status     int
	RetryAfter string
	Body       json.RawMessage // in the form of App Service's, or of its errors
}

// A Source gets tokens for a resource; client may say whose.
type Source interface {
	Get(ctx context.Context, resource, client string) (Answer, error)
}

// An Agent answers requests for tokens that show its header, which only its
// service knows. It stands on plain http, so it must be on this machine alone.
type Agent struct {
	Header string
	Source Source
}

// NewHeader makes a header's value that nobody guesses.
func NewHeader() string { return rand.Text() + rand.Text() }

// Variables are what a service's environment says of an agent at an address.
func (a Agent) Variables(addr string) []string {
	return []string{"IDENTITY_ENDPOINT=http://" + addr + tokenPath, "IDENTITY_HEADER=" + a.Header}
}

// Server returns an http server that answers for the agent.
func (a Agent) Server() *http.Server {
	return &http.Server{
		Handler: a, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
}

// ServeHTTP implements http.Handler.
func (a Agent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	switch {
	case !a.knows(r.Header.Get("X-Identity-Header")) && !a.knows(r.Header.Get("Secret")):
		oauth.RefuseAppService(w, http.StatusUnauthorized, "The X-IDENTITY-HEADER header is missing or is not that of this service.")
	case strings.TrimRight(r.URL.Path, "/") != tokenPath:
		oauth.RefuseAppService(w, http.StatusNotFound, "There is no such endpoint.")
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		oauth.RefuseAppService(w, http.StatusMethodNotAllowed, "The method is not allowed here.")
	case q.Get("resource") == "":
		oauth.RefuseAppService(w, http.StatusBadRequest, "The query parameter 'resource' is missing.")
	default:
		a.answer(w, r, strings.TrimSuffix(q.Get("resource"), "/.default"), q.Get("client_id"))
	}
}

// knows reports whether a header is the one of the agent's service.
func (a Agent) knows(shown string) bool {
	return a.Header != "" && subtle.ConstantTimeCompare([]byte(shown), []byte(a.Header)) == 1
}

func (a Agent) answer(w http.ResponseWriter, r *http.Request, resource, client string) {
	got, err := a.Source.Get(r.Context(), resource, client)
	if err != nil {
		oauth.RefuseAppService(w, http.StatusBadGateway, "The token service cannot be reached: "+err.Error())
		return
	}
	if got.RetryAfter != "" {
		w.Header().Set("Retry-After", got.RetryAfter)
	}
	oauth.Write(w, got.Status, got.Body)
}
