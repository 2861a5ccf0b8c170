package arm

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"certwright/internal/vault"
)

// Subscription is the one that lists name. A path may name any other, which is
// answered under its own name: a configuration written for Azure works as it is.
const Subscription = "00000000-0000-0000-0000-000000000001"

// A Service answers the management plane. Make one with New.
type Service struct {
	Tenant string // one path segment, as the vaults' challenge names it
	Region string // where the vaults are said to be
	Vault  string // the vault that IP addresses mean

	Configured   []string                                                             // vaults that the configuration names
	Vaults       func(ctx context.Context, after string, limit int) ([]string, error) // those that hold anything, in order of name
	Settings     func(name string) vault.Settings
	Authenticate func(*http.Request) (vault.Caller, error)
	Challenge    func(host string) string // WWW-Authenticate for a Host header
	FromPage     func(*http.Request) bool // whether a web page made a browser send the request
	Log          *slog.Logger

	groups *groups
}

// New checks the fields and returns the service ready to serve.
func New(s Service) (*Service, error) {
	if s.Tenant == "" || s.Region == "" || s.Vault == "" || s.Vaults == nil || s.Settings == nil || s.Authenticate == nil || s.Challenge == nil || s.FromPage == nil || s.Log == nil {
		return nil, errors.New("arm: every field but Configured is required")
	}
	s.groups = &groups{of: map[string]string{}}
	s.Configured = known(s.Configured, s.Vault)
	return &s, nil
}

// Serves reports whether a path is the management plane's. None of them is a
// vault's.
func (s *Service) Serves(path string) bool {
	first, rest, _ := strings.Cut(strings.ToLower(strings.Trim(path, "/")), "/")
	return first == "subscriptions" || first == "tenants" || first == "metadata" && rest == "endpoints"
}

// ServeHTTP answers a request whose path the service Serves.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := s.answer(w, r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	write(w, http.StatusOK, body)
}

// answer takes a request through the steps that all share. Only what the cloud
// is called is told to those who have no token yet.
func (s *Service) answer(w http.ResponseWriter, r *http.Request) (any, error) {
	c, to := find(r)
	if to == nil || !to.open {
		if _, err := s.Authenticate(r); err != nil {
			w.Header().Set("WWW-Authenticate", s.Challenge(r.Host))
			return nil, noToken
		}
	}
	switch {
	case s.FromPage(r):
		return nil, fromPage
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		return nil, readOnly
	case to == nil:
		return nil, noPath(r.URL.Path)
	}
	if err := c.read(r); err != nil {
		return nil, err
	}
	return to.serve(s, c)
}
