package serve_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"certwright/conformance/serve"
	"certwright/internal/must"
	"certwright/internal/tokens"
)

// A clientOf is one of a house's token service, with its secret.
type clientOf struct{ name, id, secret string }

// withTokens is a house whose token service knows two clients; web-shop may do
// everything with the secrets of the vault web, web-blog nothing.
func withTokens(t *testing.T) (h *serve.House, shop, blog clientOf) {
	t.Helper()
	h = serve.New(t)
	f, err := tokens.OpenClients(h.File("clients.yaml"))
	must.Do(t, err)
	shop, blog = clientOf{name: "web-shop", id: "6f2c0d3e-0000-4000-8000-000000000001"}, clientOf{name: "web-blog", id: "6f2c0d3e-0000-4000-8000-000000000002"}
	for _, c := range []*clientOf{&shop, &blog} {
		var hash string
		c.secret, hash = tokens.NewSecret()
		must.Do(t, f.Add(tokens.ClientSettings{ID: c.id, Name: c.name, Secrets: []tokens.SecretSettings{{Hash: hash}},
			Federated: []tokens.FederatedSettings{{Issuer: "corp", Subject: "system:serviceaccount:" + c.name}}}))
	}
	must.Do(t, f.Write())
	h.Nodes["hosts"] = `["*.vault.localhost"]`
	h.Nodes["auth"] = fmt.Sprintf(`{issuers: [{name: corp, url: %q, audiences: [%q], federation: true}],
  token_service: {issuer: "https://vault.localhost/adfs", clients_file: clients.yaml}}`, h.Issuer.URL, serve.Audience)
	h.Nodes["access"] = "{assignments: [{role: Key Vault Secrets Officer, to: {client: web-shop}, on: /vaults/web}]}"
	return h, shop, blog
}

// token asks for a token of a vault, with a form that has these members more.
func token(t *testing.T, s *serve.Server, vault string, more ...string) serve.Reply {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"https://vault.localhost:" + s.Port + "/.default"}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	r, err := http.NewRequestWithContext(t.Context(), "POST", s.Vault(vault)+"/adfs/oauth2/token", strings.NewReader(form.Encode()))
	must.Do(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := s.HTTP.Do(r)
	must.Do(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must.Do(t, err)
	return serve.Reply{Status: answer.StatusCode, Header: answer.Header, Body: string(text)}
}

// A client gets a token at any vault's name, and does with it what its role
// says, wherever the token is for this server; another client does not.
func TestTokenService(t *testing.T) {
	t.Parallel()
	h, shop, blog := withTokens(t)
	s := h.Start(t)
	given := token(t, s, "shop", "client_id", shop.id, "client_secret", shop.secret)
	if given.Status != 200 || given.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%+v", given)
	}
	shopToken := given.Text("access_token")
	if got := s.Ask(t, "PUT", s.Vault("web")+"/secrets/a", shopToken, `{"value":"x"}`); got.Status != 200 {
		t.Errorf("its own vault: %+v", got)
	}
	if got := s.Ask(t, "PUT", s.Vault("shop")+"/secrets/a", shopToken, `{"value":"x"}`); got.Status != 403 {
		t.Errorf("another vault: %+v", got)
	}
	blogToken := token(t, s, "web", "client_id", blog.id, "client_secret", blog.secret).Text("access_token")
	if got := s.Ask(t, "GET", s.Vault("web")+"/secrets/a", blogToken, ""); got.Status != 403 || !strings.Contains(got.Body, blog.id) {
		t.Errorf("another client: %+v", got)
	}
	cloud := token(t, s, "web", "client_id", shop.id, "client_secret", shop.secret, "scope", "https://vault.azure.net/.default").Text("access_token")
	if got := s.Ask(t, "GET", s.Vault("web")+"/secrets/a", cloud, ""); got.Text("value") != "x" {
		t.Errorf("by Azure's audience: %+v", got)
	}
	for name, got := range map[string]serve.Reply{
		"a wrong secret":     token(t, s, "web", "client_id", shop.id, "client_secret", blog.secret),
		"an unknown client":  token(t, s, "web", "client_id", "nobody", "client_secret", blog.secret),
		"a foreign audience": token(t, s, "web", "client_id", shop.id, "client_secret", shop.secret, "scope", "https://graph.microsoft.com/.default"),
	} {
		if got.Status/100 != 4 || !strings.Contains(got.Text("error_description"), "AADSTS") {
			t.Errorf("%s: %+v", name, got)
		}
	}
	forged := shopToken[:len(shopToken)-8] + "AAAAAAAA"
	if got := s.Ask(t, "GET", s.Vault("web")+"/secrets/a", forged, ""); got.Status != 401 {
		t.Errorf("a forged token: %+v", got)
	}
	must.Do(t, s.Stop())
	said, err := os.ReadFile(filepath.Join(h.File("data"), "audit", "audit.jsonl"))
	must.Do(t, err)
	for _, want := range []string{`"operationName":"TokenGiven"`, `"operationName":"Authentication"`, "AADSTS7000215: Invalid client secret provided.", shop.id} {
		if !strings.Contains(string(said), want) {
			t.Errorf("the audit log has no %s", want)
		}
	}
	for _, text := range []string{s.Said(), string(said)} {
		if strings.Contains(text, shop.secret) || strings.Contains(text, blog.secret) || strings.Contains(text, shopToken) {
			t.Error("the server shows a secret or a token")
		}
	}
}

// The keys lie in the database: tokens of before a restart are good after it.
func TestTokenKeysStay(t *testing.T) {
	t.Parallel()
	h, shop, _ := withTokens(t)
	s := h.Start(t)
	was := token(t, s, "web", "client_id", shop.id, "client_secret", shop.secret).Text("access_token")
	must.Do(t, s.Stop())
	s = h.Start(t)
	if got := s.Ask(t, "GET", s.Vault("web")+"/secrets?maxresults=1", was, ""); got.Status != 200 {
		t.Errorf("after a restart: %+v", got)
	}
	h.Nodes["auth"] = strings.Replace(h.Nodes["auth"], "clients_file:", fmt.Sprintf("keys: {withdraw: %q}, clients_file:", time.Now().UTC().Format(time.RFC3339Nano)), 1)
	h.Config(t)
	s.Signal(t, syscall.SIGHUP)
	s.Eventually(t, "tokens of withdrawn keys are refused", func() bool {
		return s.Ask(t, "GET", s.Vault("web")+"/secrets?maxresults=1", was, "").Status == 401
	})
	again := token(t, s, "web", "client_id", shop.id, "client_secret", shop.secret).Text("access_token")
	if got := s.Ask(t, "GET", s.Vault("web")+"/secrets?maxresults=1", again, ""); got.Status != 200 {
		t.Errorf("a token of the new key: %+v", got)
	}
	text, err := os.ReadFile(filepath.Join(h.File("data"), "certwright.db"))
	must.Do(t, err)
	if strings.Contains(string(text), "pkcs8") {
		t.Error("the keys are not sealed")
	}
}

// A workload shows the token of its own issuer; a row says whose it is.
func TestWorkloadIdentity(t *testing.T) {
	t.Parallel()
	h, shop, blog := withTokens(t)
	s := h.Start(t)
	const jwt = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	exchange := func(id, subject string, claims map[string]any) serve.Reply {
		t.Helper()
		claims["aud"] = []string{tokens.DefaultFederatedAudience}
		return token(t, s, "web", "client_id", id, "client_assertion_type", jwt, "client_assertion", h.Issuer.Token(subject, claims))
	}
	given := exchange(shop.id, "system:serviceaccount:web-shop", map[string]any{})
	if got := s.Ask(t, "PUT", s.Vault("web")+"/secrets/a", given.Text("access_token"), `{"value":"x"}`); got.Status != 200 {
		t.Errorf("%+v of %+v", got, given)
	}
	for name, c := range map[string]struct {
		got  serve.Reply
		says string
	}{
		"for another client":     {exchange(blog.id, "system:serviceaccount:web-shop", map[string]any{}), "AADSTS700213"},
		"for another workload":   {exchange(shop.id, "system:serviceaccount:web-blog", map[string]any{}), "AADSTS700213"},
		"one that is over":       {exchange(shop.id, "system:serviceaccount:web-shop", map[string]any{"exp": 1}), "AADSTS700027"},
		"one of another issuer":  {exchange(shop.id, "system:serviceaccount:web-shop", map[string]any{"iss": "https://elsewhere.example"}), "AADSTS700027"},
		"a token of this server": {token(t, s, "web", "client_id", shop.id, "client_assertion_type", jwt, "client_assertion", given.Text("access_token")), "AADSTS700027"},
	} {
		if c.got.Status != 401 || !strings.Contains(c.got.Text("error_description"), c.says) {
			t.Errorf("%s: %+v", name, c.got)
		}
	}
}

// A service of this machine gets tokens from its agent, and through it from the
// socket; a reload changes who it is, and leaves the socket where it was.
func TestManagedIdentity(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("sockets that know their users need Linux")
	}
	h, _, _ := withTokens(t)
	short, err := os.MkdirTemp("", "identity") // the path of a socket must be short
	must.Do(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(short) })
	socket, variables := filepath.Join(short, "s"), h.File("identity.env")
	usual := h.Nodes["auth"]
	stands := func(client string) {
		h.Nodes["auth"] = strings.Replace(usual, "clients_file: clients.yaml", fmt.Sprintf("clients_file: clients.yaml, hosts: [{socket: %q, uid: %d, client: %s}]", socket, os.Getuid(), client), 1)
	}
	stands("web-shop")
	s := h.Start(t)
	agent := exec.Command(h.Program, "agent", "--socket", socket, "--env-file", variables)
	must.Do(t, agent.Start())
	t.Cleanup(func() { _, _ = agent.Process.Kill(), agent.Wait() })
	s.Eventually(t, "the agent writes its variables", func() bool { _, err := os.Stat(variables); return err == nil })
	if info, err := os.Stat(variables); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	text, err := os.ReadFile(variables)
	must.Do(t, err)
	endpoint, header, _ := strings.Cut(strings.TrimSpace(string(text)), "\nIDENTITY_HEADER=")
	endpoint = strings.TrimPrefix(endpoint, "IDENTITY_ENDPOINT=")
	ask := func(header string) serve.Reply {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "GET", endpoint+"?api-version=2019-08-01&resource="+url.QueryEscape("https://vault.localhost:"+s.Port), nil)
		must.Do(t, err)
		r.Header.Set("X-IDENTITY-HEADER", header)
		answer, err := s.HTTP.Do(r)
		must.Do(t, err)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		must.Do(t, err)
		return serve.Reply{Status: answer.StatusCode, Body: string(text)}
	}
	if got := ask("another"); got.Status != 401 {
		t.Errorf("with another header: %+v", got)
	}
	given := ask(header)
	if got := s.Ask(t, "PUT", s.Vault("web")+"/secrets/a", given.Text("access_token"), `{"value":"x"}`); got.Status != 200 {
		t.Fatalf("%+v of %+v", got, given)
	}
	stands("web-blog")
	h.Config(t)
	s.Signal(t, syscall.SIGHUP)
	s.Eventually(t, "the service is another client", func() bool {
		return strings.HasSuffix(ask(header).Text("client_id"), "2")
	})
	must.Do(t, s.Stop())
	if got := ask(header); got.Status != 502 {
		t.Errorf("without a server: %+v", got)
	}
	if left, err := os.ReadDir(short); err != nil || len(left) != 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// Who is put into the clients' file may sign in soon, and who is taken out no longer.
func TestClientsFile(t *testing.T) {
	t.Parallel()
	h, shop, _ := withTokens(t)
	s := h.Start(t)
	run := func(args ...string) string {
		t.Helper()
		out, err := exec.Command(h.Program, append([]string{"client"}, append(args, "--config", h.File("config.yaml"))...)...).Output()
		must.Do(t, err)
		return string(out)
	}
	var added struct{ ID, Secret string }
	must.Do(t, json.Unmarshal([]byte(run("add", "late", "--json")), &added))
	s.Eventually(t, "the new client signs in", func() bool {
		return token(t, s, "web", "client_id", added.ID, "client_secret", added.Secret).Status == 200
	})
	var rotated struct{ Secret string }
	must.Do(t, json.Unmarshal([]byte(run("rotate", "late", "--json")), &rotated))
	s.Eventually(t, "the second secret is good", func() bool {
		return token(t, s, "web", "client_id", added.ID, "client_secret", rotated.Secret).Status == 200
	})
	if got := token(t, s, "web", "client_id", added.ID, "client_secret", added.Secret); got.Status != 200 {
		t.Errorf("the first secret: %+v", got)
	}
	run("remove", "late")
	s.Eventually(t, "the client is gone", func() bool {
		return token(t, s, "web", "client_id", added.ID, "client_secret", rotated.Secret).Status == 401
	})
	if got := token(t, s, "web", "client_id", shop.id, "client_secret", shop.secret); got.Status != 200 {
		t.Errorf("another client: %+v", got)
	}
}
