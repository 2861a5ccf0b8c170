package admin

import (
	"net/http"
	"strings"
)

// A endpoint answers what only people who run the server may ask.
type endpoint func(*Handler, *http.Request) (answer, error)

type methods map[string]endpoint

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
	stream    page // behind the guard
	dev       bool // of a development server alone
}

// routes is every path of the side door but the token endpoints, which are package sts's.
func routes() []route {
	return []route{
		{path: "/healthz", public: alive},
		{path: "/readyz", public: isReady},
		{path: "/ca.pem", public: showCA},
		{path: "/pki/{file}", published: showPKI},
		{path: "/.well-known/acme-challenge/{token}", public: showChallenge},
		{path: "/metrics", named: showMetrics},
		{path: "/admin/clock", guarded: methods{"GET": readClock, "POST": moveClock}, dev: true},
		{path: "/admin/outbox", guarded: methods{"GET": listOutbox}},
		{path: "/admin/outbox/dead", guarded: methods{"GET": listDead}},
		{path: "/admin/outbox/resend", guarded: methods{"POST": resend}},
		{path: "/admin/events", stream: listen},
		{path: "/admin/reset", guarded: methods{"POST": reset}, dev: true},
		{path: "/admin/operations", guarded: methods{"GET": listOperations}},
		{path: "/admin/operations/{vault}/{name}", guarded: methods{"GET": showOperation, "POST": decide}},
		{path: "/admin/retry", guarded: methods{"POST": retry}},
		{path: "/admin/revoke", guarded: methods{"POST": revoke}},
		{path: "/admin/issuers/{vault}/{name}/account", guarded: methods{"POST": register}},
		{path: "/admin/ca/{provider}/rollover", guarded: methods{"POST": rollover}},
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
