package sts

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// maxForm bounds the form of a token request, in bytes.
const maxForm = 64 << 10

// A Service answers token and discovery requests. It goes in front of the
// vault's routes on the https listener and stands on the plain http listener as well.
type Service struct {
	tenant string
	key    *ecdsa.PrivateKey // of this start; old tokens need not verify
	kid    string
}

// New makes a service with a signing key of its own. The tenant is the one
// that the vault's challenge names; "" means "adfs".
func New(tenant string) (*Service, error) {
	if tenant == "" {
		tenant = "adfs"
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the token key: %w", err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		return nil, fmt.Errorf("name the token key: %w", err)
	}
	id := sha256.Sum256(point)
	return &Service{tenant: tenant, key: key, kid: base64.RawURLEncoding.EncodeToString(id[:12])}, nil
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
		refuse(w, http.StatusNotFound, "not_found", "There is no such endpoint.")
		return
	}
	h, ok := found.methods[r.Method]
	if !ok {
		w.Header().Set("Allow", found.allow())
		refuse(w, http.StatusMethodNotAllowed, "invalid_request", "The method "+r.Method+" is not allowed here.")
		return
	}
	if r.Body != nil {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
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
	path = strings.Trim(path, "/")
	if m, ok := fixed(strings.ToLower(path)); ok {
		return endpoint{methods: m}, true
	}
	tenant, rest, _ := strings.Cut(path, "/")
	if !isTenant(tenant) {
		return endpoint{}, false
	}
	m, ok := ofTenant(strings.ToLower(rest))
	return endpoint{methods: m, tenant: tenant}, ok
}

func fixed(path string) (methods, bool) {
	switch path {
	case "msi/token":
		return methods{"GET": appService, "POST": cloudShell}, true
	case "metadata/identity/oauth2/token":
		return methods{"GET": machine}, true
	case "common/discovery/instance":
		return methods{"GET": instance}, true
	case ".well-known/webfinger":
		return methods{"GET": webfinger}, true
	}
	return nil, false
}

// ofTenant finds what stands below a tenant. "adfs" may stand there twice, since
// it is the end of some login endpoints and a tenant: az asks for
// /adfs/adfs/v2.0/.well-known/openid-configuration.
func ofTenant(rest string) (methods, bool) {
	switch strings.TrimPrefix(rest, "adfs/") {
	case ".well-known/openid-configuration", "v2.0/.well-known/openid-configuration":
		return methods{"GET": discovery}, true
	case "oauth2/token", "oauth2/v2.0/token":
		return methods{"POST": token}, true
	case "discovery/keys", "discovery/v2.0/keys":
		return methods{"GET": keys}, true
	case "oauth2/authorize", "oauth2/v2.0/authorize":
		return methods{"GET": authorize}, true
	}
	return nil, false
}

// isTenant reports whether s may stand as a tenant in a path: no collection of
// a vault does.
func isTenant(s string) bool {
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
