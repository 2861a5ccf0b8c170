package server

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"certwright/internal/access"
	"certwright/internal/config"
	"certwright/internal/issuer/acme"
	"certwright/internal/issuer/ca"
	"certwright/internal/must"
)

// How the server is, is told to who may read operations. Others see which of the
// orders of vaults that they may read are held up, and nothing of other vaults.
func TestConsoleHealthIsForOperators(t *testing.T) {
	t.Parallel()
	s, secrets := consoled(t, func(c *config.Config) {
		c.Providers = map[string]config.Provider{"Faraway": {Kind: "acme", Settings: &acme.Settings{Directory: "http://127.0.0.1:1/directory"}}, "Internal": {Kind: "ca", Settings: &ca.Settings{PublicURL: "http://pki.example.org"}}}
		c.Access.Assignments = append(c.Access.Assignments[:1],
			access.Assignment{Role: "Certwright Operator", To: access.Principal{Client: "keeper"}, On: "/"},
			access.Assignment{Role: "Key Vault Administrator", To: access.Principal{Client: "reader"}, On: "/vaults/shop"})
	})
	keeper, reader := guestOf(t, s), guestOf(t, s)
	keeper.signsIn("keeper", secrets["keeper"])
	reader.signsIn("reader", secrets["reader"])
	for _, vaultName := range []string{"web", "shop"} {
		if status, _, page := keeper.go1("POST", "/ui/issuers", "vault", vaultName, "name", "far", "provider", "Faraway", "account", "a@example.org"); status != 200 {
			t.Fatal(page)
		}
	}
	in := newForm("www", "far")
	in[1] = "web"
	if status, _, page := keeper.go1("POST", "/ui/new", in...); status != 200 {
		t.Fatalf("%d %s", status, page)
	}
	held := func(g guest, path string) bool {
		_, _, page := g.go1("GET", path)
		return strings.Contains(page, "1 orders did not get through")
	}
	waitUntil(t, 20*time.Second, func() bool { return held(keeper, "/ui/") })
	for _, path := range []string{"/ui/", "/ui/issuers"} {
		if held(reader, path) {
			t.Errorf("%s tells of an order of a vault that the reader may not read", path)
		}
	}
	_, _, page := reader.go1("GET", "/ui/")
	for _, secret := range []string{"its database can be written", "Notices to", "Faraway", `href="/ui/server"`} {
		if strings.Contains(page, secret) {
			t.Errorf("the reader's overview has %q", secret)
		}
	}
	if status, _, page := reader.go1("GET", "/ui/server"); status != 403 || strings.Contains(page, "its database can be written") {
		t.Errorf("the reader's server page: %d %s", status, page)
	}
	if _, _, page := keeper.go1("GET", "/ui/"); !strings.Contains(page, "its database can be written") || !strings.Contains(page, `href="/ui/server"`) {
		t.Errorf("the operator's overview has no health: %s", page)
	}
	in = newForm("mine", "far")
	in[1] = "shop"
	reader.go1("POST", "/ui/new", in...)
	waitUntil(t, 20*time.Second, func() bool { return held(reader, "/ui/") && held(reader, "/ui/issuers") })
}

// A built-in CA's certificates are linked to where they can be had: never at the
// console's own listener, which has none.
func TestConsoleLinksToWhatIsThere(t *testing.T) {
	t.Parallel()
	s, secrets := consoled(t, func(c *config.Config) {
		c.Providers = map[string]config.Provider{"Public": {Kind: "ca", Settings: &ca.Settings{PublicURL: "http://pki.example.org/"}}}
		c.Access.Assignments = append(c.Access.Assignments, access.Assignment{Role: "Certwright Administrator", To: access.Principal{Client: "keeper"}, On: "/"})
	})
	g := guestOf(t, s)
	g.signsIn("keeper", secrets["keeper"])
	for _, provider := range []string{"Internal", "Public"} {
		must.Do(t, s.issuers.rollover(t.Context(), provider))
	}
	_, _, page := g.go1("GET", "/ui/issuers")
	at := s.Ready.HTTPURL + "/pki/internal.pem"
	for _, want := range []string{`href="http://pki.example.org/pki/public.pem"`, "<code>" + at + "</code>"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s: %s", want, page)
		}
	}
	for _, link := range regexp.MustCompile(`(?:href|src|action)="(/[^"]*)"`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(link[1], "/ui/") {
			t.Errorf("a link to %s, which the console's listener has not", link[1])
		}
	}
	if got := ask(t, http.DefaultClient, "GET", at, ""); got.status != 200 || !strings.Contains(got.body, "BEGIN CERTIFICATE") {
		t.Errorf("%s: %d %s", at, got.status, got.body)
	}
}

// waitUntil looks again and again until it is so.
func waitUntil(t *testing.T, within time.Duration, is func() bool) {
	t.Helper()
	for late := time.After(within); !is(); {
		select {
		case <-late:
			t.Fatal("it is not so in time")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Overview tells how old the lists of revoked certificates are, and until when
// they hold, once there is an authority.
func TestConsoleRevocationLists(t *testing.T) {
	t.Parallel()
	v := visit(t, run(t))
	if page := v.page("/ui/"); strings.Contains(page, "Revoked certificates of") {
		t.Errorf("before there is an authority: %s", page)
	}
	v.sends("/ui/issuers", "The issuer was added.", "vault", "default", "name", "own", "provider", "Internal")
	v.sends("/ui/new", "The certificate was ordered.", newForm("web", "own")...)
	if got := ask(t, http.DefaultClient, "POST", v.base+"/admin/clock", `{"advance":"1h"}`); got.status != 200 {
		t.Fatal(got.body)
	}
	v.sends("/ui/certificates/default/web/revoke", "The certificate was revoked.", "name", "web", "reason", "superseded")
	for _, path := range []string{"/ui/", "/ui/server"} {
		if page := v.page(path); !regexp.MustCompile(`Revoked certificates of Internal</b> <span class="muted">1 in 2 lists; the oldest was signed [^,]+, and holds until 20`).MatchString(page) {
			t.Errorf("%s: %s", path, page)
		}
	}
}
