package admin

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"certwright/internal/access"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

// A bar refuses in one way, and notes what it was asked for.
type bar struct {
	says  error
	asked []string
}

func (b *bar) permit(_ *http.Request, do vault.Action, on vault.Ref) error {
	b.asked = append(b.asked, string(do)+" "+on.Vault+"/"+on.Name)
	return b.says
}

// productionHandler is one behind a bar.
func productionHandler(b *bar) *Handler {
	h := newHandler()
	h.Production, h.Permit = true, b.permit
	h.SignIn = func(host string) string { return "Bearer for " + host }
	return h
}

// TestEveryGuardedRouteAsksOnce walks the routes of a production server: each
// method that is not for everybody asks for exactly one action, which a role can
// grant, and whoever is refused gets nothing else.
func TestEveryGuardedRouteAsksOnce(t *testing.T) {
	t.Parallel()
	b := &bar{says: vault.NoToken()}
	h := productionHandler(b)
	got := map[string]string{}
	for _, at := range routes() {
		path := strings.NewReplacer("{vault}", "Web", "{name}", "site", "{issuer}", "x", "{provider}", "Internal").Replace(at.path)
		methods := []string{"GET"}
		for m := range at.guarded {
			methods = append(methods, m)
		}
		slices.Sort(methods)
		for _, m := range slices.Compact(methods) {
			b.asked = nil
			w := ask(h, m, path, "{}")
			if at.dev {
				if w.Code != http.StatusNotFound || b.asked != nil {
					t.Errorf("%s %s of a development server: %d", m, path, w.Code)
				}
				continue
			}
			if at.public != nil || at.published != nil {
				if b.asked != nil {
					t.Errorf("%s %s is for everybody and asks for %v", m, path, b.asked)
				}
				continue
			}
			if w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") != "Bearer for 127.0.0.1:8080" || len(b.asked) != 1 {
				t.Errorf("%s %s: %d, %v, asked for %v", m, path, w.Code, w.Header(), b.asked)
				continue
			}
			got[m+" "+path] = b.asked[0]
			if do := vault.Action(strings.Fields(b.asked[0])[0]); !slices.Contains(access.Actions(), do) {
				t.Errorf("%s %s asks for %s, which no role grants", m, path, do)
			}
		}
	}
	want := map[string]string{
		"GET /metrics":                      "Certwright/metrics/read /",
		"GET /admin/outbox":                 "Certwright/outbox/read /",
		"GET /admin/outbox/dead":            "Certwright/outbox/read /",
		"GET /admin/outbox/resend":          "Certwright/outbox/write /", // there is no GET: nobody learns so
		"POST /admin/outbox/resend":         "Certwright/outbox/write /",
		"GET /admin/events":                 "Certwright/events/read /",
		"GET /admin/access":                 "Certwright/access/read /",
		"GET /admin/operations":             "Certwright/operations/read /",
		"GET /admin/operations/Web/site":    "Certwright/operations/read Web/site",
		"POST /admin/operations/Web/site":   "Certwright/operations/write Web/site",
		"GET /admin/retry":                  "Certwright/operations/write /",
		"POST /admin/retry":                 "Certwright/operations/write /",
		"GET /admin/revoke":                 "Certwright/certificates/revoke /",
		"POST /admin/revoke":                "Certwright/certificates/revoke /",
		"GET /admin/issuers/Web/x/account":  "Certwright/issuers/write Web/",
		"POST /admin/issuers/Web/x/account": "Certwright/issuers/write Web/",
		"GET /admin/ca/Internal/rollover":   "Certwright/authorities/write /",
		"POST /admin/ca/Internal/rollover":  "Certwright/authorities/write /",
		"GET /admin/console/link":           "Certwright/operations/read /", "POST /admin/console/link": "Certwright/operations/read /",
		"GET /admin/audit":          "Certwright/audit/read /",
		"GET /admin/keyset":         "Certwright/keyset/read /",
		"GET /admin/keyset/check":   "Certwright/keyset/read /",
		"POST /admin/keyset/check":  "Certwright/keyset/read /",
		"GET /admin/keyset/rotate":  "Certwright/keyset/write /",
		"POST /admin/keyset/rotate": "Certwright/keyset/write /",
		"GET /admin/keyset/rewrap":  "Certwright/keyset/write /",
		"POST /admin/keyset/rewrap": "Certwright/keyset/write /",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What the guard refuses never reaches the question, and who is let in is served.
func TestPermitted(t *testing.T) {
	t.Parallel()
	b := &bar{}
	h := productionHandler(b)
	if w := ask(h, "GET", "/admin/outbox", "", "Host", "evil.example"); w.Code != http.StatusForbidden || b.asked != nil {
		t.Errorf("a foreign name: %d, asked for %v", w.Code, b.asked)
	}
	if w := ask(h, "GET", "/metrics", "", "Host", "evil.example"); w.Code != http.StatusForbidden || b.asked != nil {
		t.Errorf("metrics under a foreign name: %d, asked for %v", w.Code, b.asked)
	}
	for _, path := range []string{"/admin/outbox", "/metrics", "/admin/events"} {
		if w := ask(h, "GET", path, ""); w.Code != http.StatusOK {
			t.Errorf("GET %s: %d %s", path, w.Code, w.Body)
		}
	}
	if w := ask(h, "DELETE", "/admin/outbox", ""); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("a method that it has not: %d", w.Code)
	}
	b.says = vault.ForbiddenByRbac(vault.Caller{Subject: "ann"}, "corp", "Certwright/outbox/read", "/", vault.Place{})
	if w := ask(h, "GET", "/admin/outbox", ""); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "Certwright/outbox/read") || w.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("without permission: %d %s", w.Code, w.Body)
	}
	h = newHandler() // a development server
	if w := ask(h, "GET", "/admin/outbox", ""); w.Code != http.StatusOK {
		t.Errorf("dev: %d", w.Code)
	}
}
