package sts

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"certwright/internal/oauth"
)

// A Service answers token and discovery requests. It goes in front of the
// vault's routes on the https listener and stands on the plain http listener as well.
type Service struct {
	tenant string
	key    oauth.Key // of this start; old tokens need not verify
}

// New makes a service with a signing key of its own. The tenant is the one
// that the vault's challenge names; "" means "adfs".
func New(tenant string) (*Service, error) {
	if tenant == "" {
		tenant = "adfs"
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the token key: %w", err)
	}
	key, err := oauth.NewKey(private)
	return &Service{tenant: tenant, key: key}, err
}

// Serves reports whether a path is one of the service's. None of them is a
// vault's.
func (s *Service) Serves(path string) bool {
	_, ok := s.find(path)
	return ok
}

// ServeHTTP answers a request whose path the service Serves, and 404 to others.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, ok := s.find(r.URL.Path)
	if !ok {
		oauth.Refuse(w, http.StatusNotFound, "not_found", "There is no such endpoint.")
		return
	}
	h, ok := found.methods[r.Method]
	if !ok {
		oauth.RefuseMethod(w, r.Method, found.allow())
		return
	}
	if r.Body != nil {
		r.Body = http.MaxBytesReader(w, r.Body, oauth.MaxForm)
	}
	h(s, w, r, found.tenant)
}

// A handler answers one endpoint; tenant is the path's first segment where the
// endpoint has one.
type handler func(s *Service, w http.ResponseWriter, r *http.Request, tenant string)

type methods map[string]handler

type endpoint struct {
	methods methods
	tenant  string
}

func (e endpoint) allow() string {
	var names []string
	for m := range e.methods {
		names = append(names, m)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// find returns the endpoint at path. Letter case and slashes at the end do not
// matter: JavaScript asks for "/metadata/identity/oauth2/token/" (docs/contract/connecting.md).
func (s *Service) find(path string) (endpoint, bool) {
	if m, ok := fixed(strings.ToLower(strings.Trim(path, "/"))); ok {
		return endpoint{methods: m}, true
	}
	tenant, at, ok := oauth.Find(path)
	return endpoint{methods: ofTenant[at], tenant: tenant}, ok
}

func fixed(path string) (methods, bool) {
	switch path {
	case "msi/token":
		return methods{"GET": appService, "POST": cloudShell}, true
	case "metadata/identity/oauth2/token":
		return methods{"GET": machine}, true
	case oauth.InstancePath:
		return methods{"GET": instance}, true
	case oauth.WebfingerPath:
		return methods{"GET": webfinger}, true
	}
	return nil, false
}

var ofTenant = map[oauth.Endpoint]methods{
	oauth.DiscoveryEndpoint: {"GET": discovery},
	oauth.TokenEndpoint:     {"POST": token},
	oauth.KeysEndpoint:      {"GET": keys},
	oauth.AuthorizeEndpoint: {"GET": authorize},
}
