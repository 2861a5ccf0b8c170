package server

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/internal/access"
	"certwright/internal/config"
	"certwright/internal/must"
)

// sends sends a body of some type as a page of the console does.
func (g guest) sends(path, kind, body string, header ...string) (status int, at string) {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), "POST", g.base+path, strings.NewReader(body))
	must.Do(g.t, err)
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := g.Do(r)
	must.Do(g.t, err)
	defer answer.Body.Close()
	return answer.StatusCode, answer.Request.URL.RequestURI()
}

// A form that is none, lacks what it is about, or has more fields than any page has, changes nothing.
func TestConsoleFormsThatAreNone(t *testing.T) {
	t.Parallel()
	s, secrets := consoled(t, nil)
	g := guestOf(t, s)
	g.signsIn("keeper", secrets["keeper"])
	in := newForm("www", "Unknown")
	in[1] = "web"
	g.go1("POST", "/ui/new", in...)
	g.go1("POST", "/ui/certificates/web/www/tags", "tags", "team=mail")
	g.go1("POST", "/ui/notices/contacts", "vault", "web", "emails", "ops@example.org")
	const form = "application/x-www-form-urlencoded"
	for name, c := range map[string]struct{ path, kind, body string }{
		"JSON":                 {"/ui/certificates/web/www/tags", "application/json", `{"tags":"a=b"}`},
		"text":                 {"/ui/certificates/web/www/tags", "text/plain", "tags=a=b"},
		"no tags":              {"/ui/certificates/web/www/tags", form, "x=y"},
		"no policy":            {"/ui/certificates/web/www/policy", form, "months=12"},
		"no JSON":              {"/ui/certificates/web/www/policy-json", form, "x=y"},
		"contacts as text":     {"/ui/notices/contacts", "text/plain", "vault=web&emails=a@example.org"},
		"no contacts":          {"/ui/notices/contacts", form, "vault=web"},
		"many as JSON":         {"/ui/certificates", "application/json", `{"do":"tag"}`},
		"ten thousand fields":  {"/ui/certificates/web/www/tags", form, "tags=a=b" + strings.Repeat("&a=", 10_001)},
		"a form that is large": {"/ui/certificates/web/www/tags", form, "tags=a=b&x=" + strings.Repeat("x", 300<<10)},
		"half a multipart":     {"/ui/certificates/web/www/merge", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"signed\""},
	} {
		if status, at := g.sends(c.path, c.kind, c.body); status != 400 {
			t.Errorf("%s: %d at %s", name, status, at)
		}
	}
	if _, _, page := g.go1("GET", "/ui/certificates/web/www?tab=manage"); !strings.Contains(page, "team=mail\n") {
		t.Errorf("the tags are gone: %s", page)
	}
	if _, _, page := g.go1("GET", "/ui/notices"); !strings.Contains(page, "ops@example.org") {
		t.Errorf("the contacts are gone: %s", page)
	}
}

// A page of another site that leads here has the console say nothing of what was done.
func TestConsoleSaysNothingForOthers(t *testing.T) {
	t.Parallel()
	s, secrets := consoled(t, nil)
	g := guestOf(t, s)
	g.signsIn("keeper", secrets["keeper"])
	for site, want := range map[string]bool{"same-origin": true, "none": false, "same-site": false, "cross-site": false} {
		got := g.gets("/ui/orders?done=purged", "Sec-Fetch-Site", site, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")
		if got.status != 200 || strings.Contains(got.body, "It was purged.") != want {
			t.Errorf("led here from %s: %d %s", site, got.status, got.body)
		}
	}
}

// Where a request comes from is what programs between say whom the configuration
// believes, as at the API: network rules and the audit log go by it.
func TestConsoleBehindAProxy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		proxies []string
		want    int
	}{
		"a proxy that is believed": {[]string{"127.0.0.1"}, 403},
		"anybody's word":           {nil, 404}, // there is no such certificate
	} {
		s, secrets := consoled(t, func(with *config.Config) {
			with.TrustedProxies = c.proxies
			with.Vaults[0].Network = access.Network{Default: "deny", Allow: []string{"127.0.0.1"}}
		})
		g := guestOf(t, s)
		g.signsIn("keeper", secrets["keeper"])
		got := g.gets("/ui/certificates/web/none", "Sec-Fetch-Site", "same-origin", "X-Forwarded-For", "198.51.100.7")
		if got.status != c.want {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		if text, err := os.ReadFile(s.config.Audit.Path(s.folder.Path)); err != nil || strings.Contains(string(text), `"callerIpAddress":"198.51.100.7"`) != (c.proxies != nil) {
			t.Errorf("%s: %v, the audit log has %s", name, err, text)
		}
	}
}

// gets gets a page with headers of its own.
func (g guest) gets(path string, header ...string) reply {
	g.t.Helper()
	return ask(g.t, g.Client, "GET", g.base+path, "", header...)
}

// What is pressed in a tab that shows what was before is refused, and said to be.
func TestConsoleTwoTabs(t *testing.T) {
	t.Parallel()
	v := visit(t, run(t))
	at := "/ui/certificates/default/web"
	v.sends("/ui/new", "waits for a person", newForm("web", "Unknown")...)
	hidden := func(tab, do string) string {
		t.Helper()
		found := regexp.MustCompile(`(?s)action="` + at + `/` + do + `"[^>]*>\s*<input type="hidden" name="shown" value="([^"]+)"`).FindStringSubmatch(v.page(at + "?tab=" + tab))
		if found == nil {
			t.Fatalf("the form of %s does not say what it is about", do)
		}
		return found[1]
	}
	stale := func(do, says string, form ...string) {
		t.Helper()
		if status, _, page := v.send(at+"/"+do, form...); status != 409 || !strings.Contains(page, says+" than when the page was opened") {
			t.Errorf("%s of a page of before: %d %s", do, status, page)
		}
	}
	policy := []string{"issuer", "Unknown", "subject", "CN=web", "dns", "web.example.test", "emails", "", "ips", "", "key", "EC-P-256", "months", "6", "content", "application/x-pkcs12", "exportable", "yes"}
	first := map[string]string{"cancel": hidden("order", "cancel"), "merge": hidden("order", "merge"), "policy": hidden("policy", "policy"), "policy-json": hidden("policy", "policy-json"), "tags": hidden("manage", "tags")}
	v.sends(at+"/policy", "The policy was saved", append(policy, "shown", first["policy"])...)
	stale("policy", "The policy is another one", append(policy, "shown", first["policy"])...)
	stale("policy-json", "The policy is another one", "json", `{"x509_props":{"validity_months":5}}`, "shown", first["policy-json"])
	v.sends(at+"/tags", "The tags were saved", "tags", "a=b", "shown", first["tags"])
	stale("tags", "The tags, or the version, are others", "tags", "", "shown", first["tags"])
	v.sends(at+"/cancel", "is being cancelled", "shown", first["cancel"])
	v.sends(at+"/discard", "The order was removed", "shown", first["cancel"])
	v.sends(at+"/renew", "A new version was ordered")
	stale("cancel", "The order is another one", "shown", first["cancel"], "back", "/ui/orders")
	stale("merge", "The order is another one", "signed", "x", "shown", first["merge"])
	csr := v.page(at + "/download?form=csr")
	v.sends(at+"/merge", "The certificate was merged.", "signed", signed(t, csr), "shown", hidden("order", "merge"))
	version := hidden("manage", "disable")
	v.sends(at+"/renew", "A new version was ordered", "shown", version)
	v.sends(at+"/merge", "The certificate was merged.", "signed", signed(t, v.page(at+"/download?form=csr")))
	stale("disable", "There is another version", "shown", version)
	stale("revoke", "There is another version", "shown", version, "name", "web", "reason", "superseded")
	contacts := func() string {
		return regexp.MustCompile(`(?s)/ui/notices/contacts">\s*<input type="hidden" name="shown" value="([^"]+)"`).FindStringSubmatch(v.page("/ui/notices"))[1]
	}
	before := contacts()
	v.sends("/ui/notices/contacts", "The contacts were saved", "vault", "default", "emails", "a@example.org", "shown", before)
	if status, _, page := v.send("/ui/notices/contacts", "vault", "default", "emails", "", "shown", before); status != 409 || !strings.Contains(page, "The contacts of the vault are others") || !strings.Contains(page, "a@example.org") {
		t.Errorf("contacts of a page of before: %d %s", status, page)
	}
	v.sends("/ui/notices/contacts", "The contacts were saved", "vault", "default", "emails", "", "shown", contacts())
	if page := v.page(at + "?tab=manage"); !strings.Contains(page, "a=b\n") || !strings.Contains(page, "Disable") {
		t.Errorf("something was done all the same: %s", page)
	}
}

// Nobody has more pages listen than a person has, and one that does not listen holds nothing.
func TestConsoleListenersAreBounded(t *testing.T) {
	t.Parallel()
	s, secrets := consoled(t, nil)
	g, other := guestOf(t, s), guestOf(t, s)
	g.signsIn("keeper", secrets["keeper"])
	other.signsIn("reader", secrets["reader"])
	for range 50 {
		g.follows("/ui/live")
	}
	if got := g.gets("/ui/live", "Sec-Fetch-Site", "same-origin"); got.status != 429 || !strings.Contains(got.body, "close some") {
		t.Errorf("one more: %d %s", got.status, got.body)
	}
	other.follows("/ui/live")
	if got := ask(t, other.Client, "HEAD", other.base+"/ui/live", ""); got.status != 200 {
		t.Errorf("HEAD: %d", got.status)
	}
	g.go1("POST", "/ui/signout")
	g.signsIn("keeper", secrets["keeper"])
	waitUntil(t, 20*time.Second, func() bool { return ask(t, g.Client, "HEAD", g.base+"/ui/live", "").status == 200 })
}

// heard is a log that can be read while it is written.
type heard struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(p)
}

// String is what was written.
func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.String()
}

// What strangers try is in the audit log, and they put nothing into the other.
func TestConsoleStrangers(t *testing.T) {
	t.Parallel()
	var log heard
	c, _ := consoleConfig(t)
	s := serveIn(t, c, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	g := guestOf(t, s)
	if status, _ := g.sends("/ui/report", "application/csp-report", `{"csp-report":{"blocked-uri":"MARKER"}}`); status != 204 {
		t.Errorf("a stranger's report: %d", status)
	}
	if status, _, _ := g.go1("POST", "/ui/link", "token", "guessed"); status != 403 {
		t.Errorf("a guessed link: %d", status)
	}
	waitUntil(t, 20*time.Second, func() bool {
		text, err := os.ReadFile(s.config.Audit.Path(s.folder.Path))
		must.Do(t, err)
		return strings.Contains(string(text), `"operationName":"Authentication"`) && strings.Contains(string(text), `"how":"link"`) && !strings.Contains(string(text), "guessed")
	})
	if strings.Contains(log.String(), "MARKER") {
		t.Errorf("the log has what a stranger sent: %s", log.String())
	}
}

// However many orders there are that somebody may not read, he sees his own at once,
// and nothing that names another.
func TestConsoleOrdersOfOthers(t *testing.T) {
	t.Parallel()
	s, secrets := consoled(t, func(c *config.Config) {
		c.Access.Assignments = append(c.Access.Assignments[:1], access.Assignment{Role: "Key Vault Administrator", To: access.Principal{Client: "reader"}, On: "/vaults/web/certificates/z*"})
	})
	g, reader := guestOf(t, s), guestOf(t, s)
	g.signsIn("keeper", secrets["keeper"])
	reader.signsIn("reader", secrets["reader"])
	order := func(g guest, name string) {
		t.Helper()
		in := newForm(name, "Unknown")
		in[1] = "web"
		if status, _, page := g.go1("POST", "/ui/new", in...); status != 200 {
			t.Fatal(page)
		}
	}
	for i := range 55 {
		order(g, fmt.Sprintf("taken%02d", i))
	}
	order(g, "z1")
	_, _, page := reader.go1("GET", "/ui/orders")
	if !strings.Contains(page, "/ui/certificates/web/z1") || strings.Contains(page, "taken") || strings.Contains(page, "after=") {
		t.Errorf("the orders of who may read one: %s", page)
	}
	_, _, page = g.go1("GET", "/ui/orders")
	if !strings.Contains(page, "after=web%2Ftaken49") {
		t.Errorf("the first 50 of all: %s", page)
	}
	if _, _, page := g.go1("GET", "/ui/orders?after=web%2Ftaken49"); !strings.Contains(page, "/ui/certificates/web/taken50") || !strings.Contains(page, "/ui/certificates/web/z1") || strings.Contains(page, "after=") {
		t.Errorf("the others: %s", page)
	}
}

// Who guesses secrets is told to wait.
func TestConsoleGuesses(t *testing.T) {
	t.Parallel()
	s, secrets := consoled(t, func(c *config.Config) { c.Auth.TokenService.Limits.PerAddress = 12 })
	g := guestOf(t, s)
	for want := range 2 {
		if status, _, _ := g.go1("POST", "/ui/signin", "client", "keeper-id", "secret", "wrong"); status != 403 {
			t.Errorf("guess %d: %d", want, status)
		}
	}
	if status, _, page := g.go1("POST", "/ui/signin", "client", "keeper-id", "secret", secrets["keeper"]); status != 429 || !strings.Contains(page, "wait a minute") {
		t.Errorf("one more: %d %s", status, page)
	}
}
