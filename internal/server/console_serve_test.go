package server

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"certwright/internal/access"
	"certwright/internal/auth"
	"certwright/internal/auth/authtest"
	"certwright/internal/config"
	"certwright/internal/must"
	"certwright/internal/notify"
	"certwright/internal/tokens"
	"certwright/internal/vault"
)

// A guest is a browser at the console of a production server.
type guest struct {
	t *testing.T
	*http.Client
	base, host string
}

// guestOf opens a browser that knows the console by its public name.
func guestOf(t *testing.T, s *Server) guest {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must.Do(t, err)
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(transport.CloseIdleConnections)
	return guest{t, &http.Client{Jar: jar, Transport: transport}, "https://" + s.listeners.console.Addr().String(), ""}
}

// go1 makes a request as a browser does from a page of the console.
func (g guest) go1(method, path string, form ...string) (status int, at, page string) {
	g.t.Helper()
	fields := url.Values{}
	for i := 0; i < len(form); i += 2 {
		fields.Add(form[i], form[i+1])
	}
	r, err := http.NewRequestWithContext(g.t.Context(), method, g.base+path, strings.NewReader(fields.Encode()))
	must.Do(g.t, err)
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	answer, err := g.Do(r)
	must.Do(g.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must.Do(g.t, err)
	return answer.StatusCode, answer.Request.URL.RequestURI(), string(text)
}

// consoled is a production server with a console, and two clients of its token
// service: one may do everything with certificates, one only read.
func consoled(t *testing.T, more func(*config.Config)) (s *Server, secrets map[string]string) {
	t.Helper()
	c, secrets := consoleConfig(t)
	if more != nil {
		more(&c)
	}
	return serveIn(t, c, Options{}), secrets
}

func consoleConfig(t *testing.T) (c config.Config, secrets map[string]string) {
	t.Helper()
	c = production(t)
	c.Hosts = []string{"127.0.0.1"}
	secrets = map[string]string{}
	var clients []tokens.ClientSettings
	for _, name := range []string{"keeper", "reader"} {
		secret, hash := tokens.NewSecret()
		secrets[name] = secret
		clients = append(clients, tokens.ClientSettings{ID: name + "-id", Name: name, Secrets: []tokens.SecretSettings{{Hash: hash}}})
	}
	c.Auth.TokenService = &tokens.Settings{Issuer: "https://127.0.0.1/adfs", Clients: clients}
	c.Access.Assignments = []access.Assignment{
		{Role: "Key Vault Administrator", To: access.Principal{Client: "keeper"}, On: "/"},
		{Role: "Key Vault Reader", To: access.Principal{Client: "reader"}, On: "/"},
		{Role: "Certwright Operator", To: access.Principal{Issuer: "corp", Subject: "ann"}, On: "/"},
	}
	at, err := listenAt(t.Context(), "console", "127.0.0.1:0")
	must.Do(t, err)
	address := at.Addr().String()
	must.Do(t, at.Close())
	c.Console = config.Console{Listen: address, PublicURL: "https://" + address, Local: true}
	return c, secrets
}

func (g guest) signsIn(name, secret string) {
	g.t.Helper()
	if status, at, page := g.go1("POST", "/ui/signin", "client", name+"-id", "secret", secret, "to", "/ui/"); status != 200 || at != "/ui/" {
		g.t.Fatalf("%s does not get in: %d at %s: %s", name, status, at, page)
	}
}

// Nobody sees a page who did not sign in, and who did is let do what he may.
func TestConsoleDoor(t *testing.T) {
	t.Parallel()
	s, secrets := consoled(t, nil)
	g := guestOf(t, s)
	if _, at, page := g.go1("GET", "/ui/certificates?text=a"); at != "/ui/signin?to=%2Fui%2Fcertificates%3Ftext%3Da" || strings.Contains(page, "/ui/orders") {
		t.Errorf("a stranger is led to %s: %s", at, page)
	}
	if status, _, _ := g.go1("POST", "/ui/new", newForm("web", "Self")...); status != 401 {
		t.Errorf("a stranger's order: %d", status)
	}
	if status, _, page := g.go1("POST", "/ui/signin", "client", "keeper-id", "secret", "wrong", "to", "https://elsewhere.example/ui/"); status != 403 || !strings.Contains(page, "is wrong") {
		t.Errorf("a wrong secret: %d %s", status, page)
	}
	g.signsIn("keeper", secrets["keeper"])
	in := newForm("www", "Self")
	in[1] = "web"
	if status, at, page := g.go1("POST", "/ui/new", in...); status != 200 || !strings.Contains(page, "was ordered") {
		t.Fatalf("the keeper's order: %d at %s: %s", status, at, page)
	}
	reader := guestOf(t, s)
	reader.signsIn("reader", secrets["reader"])
	status, _, page := reader.go1("GET", "/ui/certificates/web/www?tab=manage")
	if status != 200 || regexp.MustCompile(`<button[^>]*id="do-`).MatchString(page) || strings.Contains(page, "Download with key") {
		t.Errorf("the reader's page has buttons: %d %s", status, page)
	}
	for _, do := range []string{"renew", "cancel", "tags", "disable", "delete", "key", "policy"} {
		status, _, page := reader.go1("POST", "/ui/certificates/web/www/"+do, "name", "www", "tags", "a=b", "issuer", "Self", "subject", "", "dns", "", "emails", "", "ips", "", "months", "3", "at", "80", "key", "RSA-2048")
		if status != 403 {
			t.Errorf("the reader's %s: %d %s", do, status, page)
		}
	}
	if status, _, _ := reader.go1("POST", "/ui/notices/resend", "seq", "1"); status != 403 {
		t.Errorf("the reader sends again: %d", status)
	}
	reader.go1("POST", "/ui/signout")
	if _, at, _ := reader.go1("GET", "/ui/"); !strings.HasPrefix(at, "/ui/signin") {
		t.Errorf("after signing out: %s", at)
	}
	closed := s.now().config
	closed.Access.Assignments = closed.Access.Assignments[1:]
	if _, err := s.Reload(t.Context(), closed); err != nil {
		t.Fatal(err)
	}
	if _, at, _ := g.go1("GET", "/ui/"); !strings.HasPrefix(at, "/ui/signin") {
		t.Errorf("after the permissions changed: %s", at)
	}
}

// Who may read the audit log sees its last lines and whether they verify; others
// see no link and are refused.
func TestConsoleAudit(t *testing.T) {
	t.Parallel()
	s, secrets := consoled(t, func(c *config.Config) {
		c.Access.Assignments = append(c.Access.Assignments, access.Assignment{Role: "Certwright Auditor", To: access.Principal{Client: "keeper"}, On: "/"})
	})
	g := guestOf(t, s)
	g.signsIn("keeper", secrets["keeper"])
	in := newForm("www", "Self")
	in[1] = "web"
	g.go1("POST", "/ui/new", in...)
	status, _, page := g.go1("GET", "/ui/audit?person=KEEPER&operation=certificatecreate&object=web/certificates/www")
	if status != 200 || !strings.Contains(page, "verifies") || !strings.Contains(page, `data-label="Operation">CertificateCreate</td>`) || strings.Contains(page, "CertwrightConsoleRead</td>") {
		t.Errorf("%d %s", status, page)
	}
	if _, _, page := g.go1("GET", "/ui/audit?object=%2Fui%2Forders"); !strings.Contains(page, "0 of 0 found") {
		t.Errorf("lines of a page that nobody looked at: %s", page)
	}
	if _, _, page := g.go1("GET", "/ui/audit?person=nobody"); !strings.Contains(page, "0 of 0 found") || strings.Contains(page, "<table") {
		t.Errorf("lines of nobody: %s", page)
	}
	reader := guestOf(t, s)
	reader.signsIn("reader", secrets["reader"])
	if status, _, page := reader.go1("GET", "/ui/audit"); status != 403 || strings.Contains(page, `href="/ui/audit"`) || !strings.Contains(page, "Certwright/audit/read") {
		t.Errorf("the reader: %d %s", status, page)
	}
	if _, _, page := g.go1("GET", "/ui/"); !strings.Contains(page, `href="/ui/audit"`) {
		t.Errorf("the keeper has no link: %s", page)
	}
	file := s.config.Audit.Path(s.folder.Path)
	text, err := os.ReadFile(file)
	must.Do(t, err)
	must.Do(t, os.WriteFile(file, []byte(strings.Replace(string(text), "CertificateCreate", "CertificateDelete", 1)), 0o600))
	if _, _, page := g.go1("GET", "/ui/audit"); !strings.Contains(page, "does not verify") || !strings.Contains(page, "it was changed") {
		t.Errorf("a changed line: %s", page)
	}
}

// Who may read the permissions sees those in force; others see no link and are refused.
func TestConsoleAccess(t *testing.T) {
	t.Parallel()
	s, secrets := consoled(t, func(c *config.Config) {
		c.Access.Assignments = append(c.Access.Assignments, access.Assignment{Role: "Certwright Access Administrator", To: access.Principal{Client: "keeper"}, On: "/"})
	})
	g := guestOf(t, s)
	g.signsIn("keeper", secrets["keeper"])
	status, _, page := g.go1("GET", "/ui/access")
	if status != 200 || strings.Count(page, `<th scope="row"`) != len(s.rules()) || !strings.Contains(page, "client reader") || !strings.Contains(page, "Key Vault Reader") || !strings.Contains(page, `href="/ui/access"`) {
		t.Errorf("%d %s", status, page)
	}
	if status, _, page := g.go1("GET", "/ui/audit"); status != 403 || strings.Contains(page, `href="/ui/audit"`) {
		t.Errorf("who may read the permissions alone reads the audit log: %d", status)
	}
	reader := guestOf(t, s)
	reader.signsIn("reader", secrets["reader"])
	if status, _, page := reader.go1("GET", "/ui/access"); status != 403 || strings.Contains(page, `href="/ui/access"`) || strings.Contains(page, "Key Vault Administrator") {
		t.Errorf("the reader: %d %s", status, page)
	}
}

// The page of the permissions says what somebody may do, and by which assignment:
// one thing, or everything; what it refuses it says why, and what would give it.
func TestConsoleAccessQuestion(t *testing.T) {
	t.Parallel()
	s, secrets := consoled(t, func(c *config.Config) {
		c.Access.Assignments = append(c.Access.Assignments, access.Assignment{Role: "Certwright Auditor", To: access.Principal{Client: "keeper"}, On: "/"},
			access.Assignment{Role: "Key Vault Certificate User", To: access.Principal{Issuer: "corp", Group: "web-team"}, On: "/vaults/web/certificates/shop", With: []string{"secrets", "keys"}})
	})
	g := guestOf(t, s)
	g.signsIn("keeper", secrets["keeper"])
	for name, c := range map[string]struct {
		ask       []string
		has, lack string
	}{
		"given":             {[]string{"who", "client:reader", "do", "certificates/get", "on", "web/certificates/shop"}, "</span>granted</span> It is given by role Key Vault Reader for client reader on /.", "would give it"},
		"a data action":     {[]string{"who", "client:reader-id", "do", "Microsoft.KeyVault/vaults/keys/read", "on", "/vaults/web"}, "It is given by role Key Vault Reader", "refused"},
		"by a group":        {[]string{"who", "corp:eve", "groups", "others, web-team", "do", "secrets/get", "on", "web/secrets/shop"}, "role Key Vault Certificate User for group web-team of corp on", "refused"},
		"refused":           {[]string{"who", "corp:eve", "do", "secrets/get", "on", "web/secrets/shop"}, "No role assignment gives it.", "It is given"},
		"what would":        {[]string{"who", "client:reader", "do", "secrets/get", "on", "web/secrets/shop"}, "One of these roles would give it: Key Vault Administrator, Key Vault Certificate User,", "It is given"},
		"everything":        {[]string{"who", "corp:eve", "groups", "web-team", "on", "web/certificates/shop"}, "on /vaults/web/certificates+keys+secrets/shop</b>: certificates/get", "certificates/create,"},
		"nothing":           {[]string{"who", "corp:eve", "on", "web"}, "Everything is refused there. No role assignment gives it.", "</span>granted</span>"},
		"of the server":     {[]string{"who", "corp:ann", "on", "/"}, "<b>role Certwright Operator for subject ann of corp on /</b>: Certwright/", "certificates/get,"},
		"no such client":    {[]string{"who", "client:none", "on", "web"}, "there is no client &#34;none&#34;: certwright client list lists them.", "</span>refused"},
		"no such issuer":    {[]string{"who", "crop:ann", "on", "web"}, "the issuer &#34;crop&#34; is unknown", "</span>refused"},
		"no such vault":     {[]string{"who", "corp:ann", "do", "keys/get", "on", "wbe"}, "There is no such vault.", "It is given"},
		"no such action":    {[]string{"who", "corp:ann", "do", "keys/fly", "on", "web"}, "of keys there are get, list,", "</span>refused"},
		"no place":          {[]string{"who", "corp:ann", "on", "web/a/b/c"}, "&#34;web/a/b/c&#34; is no place: write VAULT", "</span>refused"},
		"no address":        {[]string{"who", "corp:ann", "on", "web", "from", "here"}, "&#34;here&#34; is not an IP address", "</span>refused"},
		"written into it":   {[]string{"who", `"><script>`, "on", "web"}, `value="&#34;&gt;&lt;script&gt;"`, "<script>"},
		"nothing was asked": {nil, "What may somebody do?", "Answer</h3>"},
	} {
		q := url.Values{}
		for i := 0; i < len(c.ask); i += 2 {
			q.Set(c.ask[i], c.ask[i+1])
		}
		status, _, page := g.go1("GET", "/ui/access?"+q.Encode())
		page = regexp.MustCompile(`\s+`).ReplaceAllString(page, " ")
		if status != 200 || !strings.Contains(page, c.has) || strings.Contains(page, c.lack) {
			_, answer, _ := strings.Cut(page, `id="answer"`)
			t.Errorf("%s: %d, has %q or lacks %q: %s", name, status, c.has, c.lack, answer)
		}
	}
}

// Who runs the server sends a receiver a test, and reads what it said; the audit
// log has it; who may not is refused.
func TestConsoleTestMessage(t *testing.T) {
	t.Parallel()
	var got atomic.Int64
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), "Certwright.Test") && got.Add(1) == 2 {
			w.WriteHeader(http.StatusGone)
		}
	}))
	t.Cleanup(hook.Close)
	s, secrets := consoled(t, func(c *config.Config) {
		c.Notices.Events = []notify.WebhookSettings{{Name: "ops", URL: hook.URL, SkipHandshake: true}}
		c.Access.Assignments = append(c.Access.Assignments, access.Assignment{Role: "Certwright Operator", To: access.Principal{Client: "keeper"}, On: "/"},
			access.Assignment{Role: "Certwright Auditor", To: access.Principal{Client: "keeper"}, On: "/"})
	})
	keeper, reader := guestOf(t, s), guestOf(t, s)
	keeper.signsIn("keeper", secrets["keeper"])
	reader.signsIn("reader", secrets["reader"])
	for _, c := range []struct {
		g      guest
		sink   string
		status int
		says   string
	}{
		{reader, "ops", 403, "You may not do that"},
		{keeper, "ops", 200, "The receiver took the test message."},
		{keeper, "ops", 503, "The receiver ops did not take the test: "},
		{keeper, "none", 404, "no receiver none"},
	} {
		if status, _, page := c.g.go1("POST", "/ui/notices/test", "sink", c.sink); status != c.status || !strings.Contains(page, c.says) {
			t.Errorf("%s: %d %s", c.sink, status, page)
		}
	}
	if got.Load() != 2 {
		t.Errorf("%d tests were sent", got.Load())
	}
	if _, _, page := keeper.go1("GET", "/ui/audit?operation=CertwrightOutboxTest"); strings.Count(page, `data-label="Operation">CertwrightOutboxTest</td>`) != 4 {
		t.Errorf("the audit log: %s", page)
	}
}

// The page of a certificate says, to who may read permissions, who may take its
// key and who may have it used, and by which assignment.
func TestConsoleReaders(t *testing.T) {
	t.Parallel()
	s, secrets := consoled(t, func(c *config.Config) {
		c.Vaults[1].Access.Model, c.Vaults[1].Network = "policy", access.Network{Default: "deny", Allow: []string{"10.0.0.0/8"}}
		c.Vaults[1].Access.Policies = []access.Policy{{Issuer: "corp", ObjectID: "bob", Permissions: access.Permissions{Secrets: []string{"get"}}}}
		c.Access.Assignments = append(c.Access.Assignments, access.Assignment{Role: "Certwright Auditor", To: access.Principal{Client: "keeper"}, On: "/"},
			access.Assignment{Role: "Key Vault Crypto User", To: access.Principal{Issuer: "corp", Group: "signers"}, On: "/vaults/web/keys/www"},
			access.Assignment{Role: "Key Vault Secrets User", To: access.Principal{Issuer: "corp", Group: "others"}, On: "/vaults/web/secrets/another"})
	})
	keeper, reader := guestOf(t, s), guestOf(t, s)
	keeper.signsIn("keeper", secrets["keeper"])
	reader.signsIn("reader", secrets["reader"])
	in := newForm("www", "Self")
	in[1] = "web"
	keeper.go1("POST", "/ui/new", in...)
	settles(t, keeper, "/ui/certificates/web/www?tab=order")
	_, _, page := keeper.go1("GET", "/ui/certificates/web/www?tab=details")
	_, said, _ := strings.Cut(page, "Who may read the key")
	said, _, _ = strings.Cut(said, "</section>")
	if take, use, ok := strings.Cut(said, "These may have the server sign or decrypt with it:"); !ok || !strings.Contains(take, "<li>role Key Vault Administrator for client keeper on /</li>") ||
		strings.Contains(take, "signers") || strings.Contains(said, "others") || !strings.Contains(use, "role Key Vault Crypto User for group signers of corp on /vaults/web/keys/www") {
		t.Errorf("who may read the key: %s", said)
	}
	if _, _, page := reader.go1("GET", "/ui/certificates/web/www?tab=details"); !strings.Contains(page, "Serial number") || strings.Contains(page, "Who may read the key") {
		t.Errorf("the reader is told: %s", page)
	}
	of := vault.Ref{Vault: "shop", Kind: vault.Secrets, Name: "any"}
	if all, narrowed := s.givers("secrets/get", of); len(all) != 1 || all[0] != "access policy for object bob of corp on /vaults/shop" || !narrowed {
		t.Errorf("by an access policy: %q, narrowed %v", all, narrowed)
	}
}

// settles waits for a page that says that an order is completed.
func settles(t *testing.T, g guest, path string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; {
		if _, _, page := g.go1("GET", path); strings.Contains(page, "</span>completed</span>") {
			return
		} else if time.Now().After(end) {
			t.Fatalf("never completed: %s", page)
		}
	}
}

// The console is called by its own name alone, and stands nowhere else; its
// cookie is for it alone.
func TestConsoleHost(t *testing.T) {
	t.Parallel()
	s, secrets := consoled(t, nil)
	base := "https://" + s.listeners.console.Addr().String()
	if got := ask(t, anyway(t), "GET", base+"/ui/signin", "", "Host", "elsewhere.example"); got.status != 403 || !strings.Contains(got.body, "by no other name") {
		t.Errorf("by another name: %d %s", got.status, got.body)
	}
	if got := ask(t, anyway(t), "GET", base+"/certificates?api-version=7.4", ""); got.status != 404 {
		t.Errorf("a vault at the console: %d", got.status)
	}
	for _, at := range []string{s.Ready.IPURL, s.Ready.HTTPURL} {
		if got := ask(t, anyway(t), "GET", at+"/ui/signin", ""); got.status == 200 {
			t.Errorf("the console at %s", at)
		}
	}
	g := guestOf(t, s)
	g.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	form := url.Values{"client": {"keeper-id"}, "secret": {secrets["keeper"]}}
	r, err := http.NewRequestWithContext(t.Context(), "POST", g.base+"/ui/signin", strings.NewReader(form.Encode()))
	must.Do(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := g.Do(r)
	must.Do(t, err)
	answer.Body.Close()
	cookie := answer.Header.Get("Set-Cookie")
	for _, want := range []string{"__Host-certwright=", "Path=/", "Secure", "HttpOnly", "SameSite=Lax"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie %q has no %s", cookie, want)
		}
	}
	if answer.Header.Get("Strict-Transport-Security") == "" {
		t.Error("no Strict-Transport-Security")
	}
}

// A link signs in once, as who asked for it.
func TestConsoleLink(t *testing.T) {
	t.Parallel()
	s, _ := consoled(t, nil)
	if got := ask(t, http.DefaultClient, "POST", s.Ready.HTTPURL+"/admin/console/link", ""); got.status != 401 {
		t.Errorf("a stranger's link: %d", got.status)
	}
	got := ask(t, http.DefaultClient, "POST", s.Ready.HTTPURL+"/admin/console/link", "", "Authorization", "Bearer "+corp.Token("ann", nil))
	var said struct{ URL string }
	must.Do(t, json.Unmarshal([]byte(got.body), &said))
	_, token, _ := strings.Cut(said.URL, "token=")
	if got.status != 200 || !strings.HasPrefix(said.URL, s.config.Console.PublicURL+"/ui/link?token=") {
		t.Fatalf("%d %s", got.status, got.body)
	}
	g := guestOf(t, s)
	if status, _, page := g.go1("GET", "/ui/link?token="+token); status != 200 || !strings.Contains(page, token) {
		t.Errorf("the link's page: %d %s", status, page)
	}
	if status, at, page := g.go1("POST", "/ui/link", "token", token); status != 200 || at != "/ui/" || !strings.Contains(page, "ann") {
		t.Errorf("%d at %s: %s", status, at, page)
	}
	if status, _, page := guestOf(t, s).go1("POST", "/ui/link", "token", token); status != 403 || !strings.Contains(page, "used already") {
		t.Errorf("a second time: %d %s", status, page)
	}
}

// linkFor has a link made for ann, and returns what it needs.
func linkFor(t *testing.T, s *Server) (token string) {
	t.Helper()
	got := ask(t, http.DefaultClient, "POST", s.Ready.HTTPURL+"/admin/console/link", "", "Authorization", "Bearer "+corp.Token("ann", nil))
	_, token, ok := strings.Cut(strings.TrimSuffix(strings.TrimSpace(got.body), `"}`), "token=")
	if got.status != 200 || !ok {
		t.Fatalf("%d %s", got.status, got.body)
	}
	return token
}

// Who opens a link, or signs in again, comes back to the page that asked for it.
func TestConsoleLinkReturns(t *testing.T) {
	t.Parallel()
	s, _ := consoled(t, nil)
	g := guestOf(t, s)
	g.go1("GET", "/ui/orders?after=web%2Fa")
	if status, at, _ := g.go1("POST", "/ui/link", "token", linkFor(t, s)); status != 200 || at != "/ui/orders?after=web%2Fa" {
		t.Errorf("signed in by a link: %d at %s", status, at)
	}
	if _, at, _ := g.go1("POST", "/ui/link", "token", linkFor(t, s)); at != "/ui/" {
		t.Errorf("signed in once more, asked by no page: at %s", at)
	}
	g.go1("GET", "/ui/signin?to="+url.QueryEscape("//elsewhere.example/ui/"))
	if _, at, _ := g.go1("POST", "/ui/link", "token", linkFor(t, s)); at != "/ui/" {
		t.Errorf("led to %s", at)
	}
}

// A link is no good any more to who lost his permissions since it was made.
func TestConsoleLinkOfWhoLostAccess(t *testing.T) {
	t.Parallel()
	s, _ := consoled(t, nil)
	token := linkFor(t, s)
	fewer := s.now().config
	fewer.Access.Assignments = fewer.Access.Assignments[:2] // without ann
	if _, err := s.Reload(t.Context(), fewer); err != nil {
		t.Fatal(err)
	}
	g := guestOf(t, s)
	if status, _, page := g.go1("POST", "/ui/link", "token", token); status != 403 || !strings.Contains(page, "permissions or sign-in were changed") {
		t.Errorf("%d %s", status, page)
	}
	if _, at, _ := g.go1("GET", "/ui/"); !strings.HasPrefix(at, "/ui/signin") {
		t.Errorf("he is in, at %s", at)
	}
}

// provider is an OpenID Connect provider of the test's own: it signs everybody in
// as bob, and says in his tokens what more has.
func provider(t *testing.T, clientID string, more func(asked url.Values) map[string]any) (url_ string, issuer *authtest.Issuer) {
	t.Helper()
	var asked url.Values
	mux := http.NewServeMux()
	at := httptest.NewServer(mux)
	t.Cleanup(at.Close)
	issuer = authtest.New(at.URL, "ES256", "https://vault.example.org")
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": at.URL, "authorization_endpoint": at.URL + "/authorize", "token_endpoint": at.URL + "/token"})
	})
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Query()
		http.Redirect(w, r, asked.Get("redirect_uri")+"?code=one&state="+asked.Get("state"), http.StatusFound)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		hash := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		if r.PostFormValue("code") != "one" || base64.RawURLEncoding.EncodeToString(hash[:]) != asked.Get("code_challenge") || r.PostFormValue("client_id") != clientID {
			http.Error(w, "{}", http.StatusBadRequest)
			return
		}
		claims := map[string]any{"aud": clientID, "nonce": asked.Get("nonce")}
		maps.Copy(claims, more(asked))
		_ = json.NewEncoder(w).Encode(map[string]string{"id_token": issuer.Token("bob", claims)})
	})
	return at.URL, issuer
}

// single is a production server whose console has people sign in at a provider.
func single(t *testing.T, more func(asked url.Values) map[string]any) *Server {
	t.Helper()
	s, _ := consoled(t, func(c *config.Config) {
		at, issuer := provider(t, "the-console", more)
		file := filepath.Join(t.TempDir(), "jwks.json")
		issuer.WriteJWKS(t, file)
		c.Auth.Issuers = append(c.Auth.Issuers, auth.IssuerSettings{Name: "people", URL: at, JWKSFile: file, Audiences: []string{"https://vault.example.org"}})
		c.Access.Assignments = append(c.Access.Assignments, access.Assignment{Role: "Key Vault Reader", To: access.Principal{Issuer: "people", Subject: "bob"}, On: "/"})
		c.Console.OIDC = &config.ConsoleOIDC{Issuer: "people", ClientID: "the-console"}
	})
	return s
}

// Whom a provider signs in because he is signed in there does not get a private
// key: he shows again who he is, whether he signed out here meanwhile or not.
func TestConsoleOIDCAgain(t *testing.T) {
	t.Parallel()
	const key = "/ui/certificates/web/www/key"
	ago := func(d time.Duration) map[string]any { return map[string]any{"auth_time": time.Now().Add(-d).Unix()} }
	for name, c := range map[string]struct {
		said         func(asked url.Values) map[string]any
		first, again bool // whether the key is given out
	}{
		"a provider that says nothing of it": {func(url.Values) map[string]any { return nil }, false, true},
		"one that says it": {func(asked url.Values) map[string]any {
			if asked.Get("prompt") == "login" {
				return ago(0)
			}
			return ago(time.Hour)
		}, false, true},
		"just signed in there":           {func(url.Values) map[string]any { return ago(time.Minute) }, true, true},
		"one that does not ask anew":     {func(url.Values) map[string]any { return ago(time.Hour) }, false, false},
		"one whose clock is a day ahead": {func(url.Values) map[string]any { return ago(-24 * time.Hour) }, false, false},
	} {
		g := guestOf(t, single(t, c.said))
		for _, step := range []struct {
			what string
			want bool
		}{{"at first", c.first}, {"signed in again", c.again}, {"out", false}, {"after signing out", c.first}} {
			if step.what == "out" {
				g.go1("POST", "/ui/signout")
				continue
			}
			if status, at, page := g.go1("POST", "/ui/signin/oidc", "to", "/ui/orders"); status != 200 || at != "/ui/orders" {
				t.Fatalf("%s, %s: %d at %s: %s", name, step.what, status, at, page)
			}
			if status, at, _ := g.go1("GET", key); strings.HasPrefix(at, "/ui/signin") == step.want || step.want && status != 403 { // he has no permission for it
				t.Errorf("%s, %s: %d at %s", name, step.what, status, at)
			}
		}
	}
}

// People sign in at their provider, by a code that only the browser which began
// it can redeem.
func TestConsoleOIDC(t *testing.T) {
	t.Parallel()
	s := single(t, func(url.Values) map[string]any { return nil })
	g := guestOf(t, s)
	if status, at, page := g.go1("POST", "/ui/signin/oidc", "to", "/ui/orders"); status != 200 || at != "/ui/orders" || !strings.Contains(page, "bob") {
		t.Fatalf("%d at %s: %s", status, at, page)
	}
	stranger := guestOf(t, s)
	if status, _, page := stranger.go1("GET", "/ui/callback?code=one&state=guessed"); status != 403 || !strings.Contains(page, "was not begun in this browser") {
		t.Errorf("a code without its browser: %d %s", status, page)
	}
}

// Who is no client any more is not signed in any more.
func TestConsoleClientGone(t *testing.T) {
	t.Parallel()
	s, secrets := consoled(t, nil)
	g := guestOf(t, s)
	g.signsIn("keeper", secrets["keeper"])
	fewer, service := s.now().config, *s.now().config.Auth.TokenService
	service.Clients = service.Clients[1:]
	fewer.Auth.TokenService = &service
	fewer.Access.Assignments = nil
	same := s.now().granted
	l, err := s.openLive(t.Context(), fewer)
	must.Do(t, err)
	l.granted = same // only the client is gone
	s.enter(l)
	if _, at, _ := g.go1("GET", "/ui/"); !strings.HasPrefix(at, "/ui/signin") {
		t.Errorf("the client that was removed is led to %s", at)
	}
}
