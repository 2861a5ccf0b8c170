package admin

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"certwright/internal/access"
	"certwright/internal/vault"
)

// A endpoint answers what only people who run the server may ask.
type endpoint func(*Handler, *http.Request) (answer, error)

// methods are the endpoints of a path, each with the action that it asks for.
type methods map[string]asked

type asked struct {
	do    vault.Action // "" at a route of a development server
	serve endpoint
}

// A page answers GET and HEAD from anywhere. It writes nothing before an error.
type page func(*Handler, http.ResponseWriter, *http.Request) error

// A route is a path, {name} standing for any segment that is not empty, and who
// answers there: a page, or endpoints or a page behind the guard.
type route struct {
	path      string
	public    page // under any name, as probes and authorities call it
	named     page // under a name of this server alone
	published page // under such a name, or under that of a public_url
	guarded   methods
	stream    page         // behind the guard
	do        vault.Action // that a stream or a named page asks for
	dev       bool         // of a development server alone
}

// routes is every path of the side door but the token endpoints, which are package sts's.
func routes() []route {
	return []route{
		{path: "/healthz", public: alive},
		{path: "/readyz", public: isReady},
		{path: "/ca.pem", public: showCA},
		{path: "/pki/{file}", published: showPKI},
		{path: "/.well-known/acme-challenge/{token}", public: showChallenge},
		{path: "/metrics", named: showMetrics, do: access.ReadMetrics},
		{path: "/admin/clock", guarded: methods{"GET": {"", readClock}, "POST": {"", moveClock}}, dev: true},
		{path: "/admin/outbox", guarded: methods{"GET": {access.ReadOutbox, listOutbox}}},
		{path: "/admin/outbox/dead", guarded: methods{"GET": {access.ReadOutbox, listDead}}},
		{path: "/admin/outbox/resend", guarded: methods{"POST": {access.WriteOutbox, resend}}},
		{path: "/admin/events", stream: listen, do: access.ReadEvents},
		{path: "/admin/reset", guarded: methods{"POST": {"", reset}}, dev: true},
		{path: "/admin/operations", guarded: methods{"GET": {access.ReadOperations, listOperations}}},
		{path: "/admin/operations/{vault}/{name}", guarded: methods{"GET": {access.ReadOperations, showOperation}, "POST": {access.WriteOperations, decide}}},
		{path: "/admin/retry", guarded: methods{"POST": {access.WriteOperations, retry}}},
		{path: "/admin/revoke", guarded: methods{"POST": {access.RevokeCertificates, revoke}}},
		{path: "/admin/issuers/{vault}/{issuer}/account", guarded: methods{"POST": {access.WriteIssuers, register}}},
		{path: "/admin/ca/{provider}/rollover", guarded: methods{"POST": {access.WriteAuthorities, rollover}}},
		{path: "/admin/audit", guarded: methods{"GET": {access.ReadAudit, showAudit}}},
		{path: "/admin/access", guarded: methods{"GET": {access.ReadAccess, listAccess}}},
		{path: "/admin/console/link", guarded: methods{"POST": {access.ReadOperations, consoleLink}}},
		{path: "/admin/keyset", guarded: methods{"GET": {access.ReadKeyset, keysetStatus}}},
		{path: "/admin/keyset/check", guarded: methods{"POST": {access.ReadKeyset, keysetCheck}}},
		{path: "/admin/keyset/rotate", guarded: methods{"POST": {access.WriteKeyset, keysetRotate}}},
		{path: "/admin/keyset/rewrap", guarded: methods{"POST": {access.WriteKeyset, keysetRewrap}}},
	}
}

// find returns the route of a request and sets its path values; nil if there is none.
func (h *Handler) find(r *http.Request) *route {
	segments := strings.Split(r.URL.Path, "/")
	for _, at := range routes() {
		if h.has(at) && at.matches(segments, r) {
			return &at
		}
	}
	return nil
}

func (h *Handler) has(at route) bool { return !at.dev || !h.Production }

// on is what a request is about: the certificate or the vault of its path, or
// the server itself.
func (at *route) on(r *http.Request) vault.Ref {
	if r.PathValue("vault") == "" {
		return vault.Ref{}
	}
	return vault.Ref{Vault: r.PathValue("vault"), Kind: vault.Certificates, Name: r.PathValue("name")}
}

// least is the action that a method which the route has not is asked to be allowed:
// nobody learns the methods who may use none.
func (at *route) least() vault.Action {
	if len(at.guarded) == 0 {
		return ""
	}
	return at.guarded[slices.Min(slices.Collect(maps.Keys(at.guarded)))].do
}

func (at route) matches(segments []string, r *http.Request) bool {
	want := strings.Split(at.path, "/")
	if len(want) != len(segments) {
		return false
	}
	for i, w := range want {
		if strings.HasPrefix(w, "{") && segments[i] != "" {
			r.SetPathValue(strings.Trim(w, "{}"), segments[i])
		} else if w != segments[i] {
			return false
		}
	}
	return true
}

// Routes lists what is answered here, as method and path.
func (h *Handler) Routes() (list []string) {
	for _, at := range routes() {
		if !h.has(at) {
			continue
		}
		if at.guarded == nil {
			list = append(list, "GET "+at.path)
		}
		for method := range at.guarded {
			list = append(list, method+" "+at.path)
		}
	}
	slices.Sort(list)
	return list
}
