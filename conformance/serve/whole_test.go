//go:build unix

package serve_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"certwright/conformance/serve"
	"certwright/internal/must"
)

// A line is one of the audit log, as far as this test reads it.
type line struct {
	OperationName   string
	ResultSignature string
	Identity        struct{ Claim map[string]string }
	Properties      struct {
		ID             string
		HTTPStatusCode int
	}
	CorrelationID string
	Certwright    struct{ Phase, Decision string }
}

func auditOf(t *testing.T, h *serve.House) (lines []line) {
	t.Helper()
	text, err := os.ReadFile(h.File("data/audit/audit.jsonl"))
	must.Do(t, err)
	for raw := range strings.Lines(string(text)) {
		var l line
		must.Do(t, json.Unmarshal([]byte(raw), &l))
		lines = append(lines, l)
	}
	return lines
}

// addClient adds a client as an operator does.
func addClient(t *testing.T, h *serve.House, name string) clientOf {
	t.Helper()
	out, said, code := h.Run(t, "client", "add", name, "--config", h.Config(t), "--json")
	var made struct {
		ID     string `json:"id"`
		Secret string `json:"secret"`
	}
	if err := json.Unmarshal([]byte(out), &made); err != nil || code != 0 || made.Secret == "" {
		t.Fatalf("client add ends with %d: %s%s (%v)", code, out, said, err)
	}
	return clientOf{name: name, id: made.ID, secret: made.Secret}
}

// The whole of it, as one site uses it: a client gets a token for its secret, has
// a certificate issued and reads it; another client is refused in the words of
// the service; the audit log has who did what; a third client gets in by SIGHUP.
func TestWhole(t *testing.T) {
	t.Parallel()
	h := serve.New(t)
	h.Nodes["hosts"] = `["*.vault.localhost"]`
	h.Nodes["auth"] = `{token_service: {issuer: "https://vault.localhost/adfs", clients_file: clients.yaml}}`
	h.Nodes["access"] = "{assignments: [{role: Key Vault Certificates Officer, to: {client: web-shop}, on: /vaults/web}]}"
	shop, blog := addClient(t, h, "web-shop"), addClient(t, h, "web-blog")
	s := h.Start(t)
	bearer := func(c clientOf) string {
		t.Helper()
		got := token(t, s, "web", "client_id", c.id, "client_secret", c.secret)
		if got.Status != 200 {
			t.Fatalf("%s gets no token: %+v", c.name, got)
		}
		return got.Text("access_token")
	}
	officer, nobody := bearer(shop), bearer(blog)
	site := s.Vault("web") + "/certificates/site"
	const policy = `{"policy":{"issuer":{"name":"Self"},"x509_props":{"subject":"CN=site.example"},"key_props":{"kty":"EC","crv":"P-256"}}}`
	created := s.Ask(t, "POST", site+"/create", officer, policy)
	if created.Status != 202 || created.Header.Get("Retry-After") != "10" {
		t.Fatalf("create: %+v", created)
	}
	if got := s.Ask(t, "GET", site+"/pending", officer, ""); got.Text("status") != "completed" {
		t.Fatalf("pending: %+v", got)
	}
	if got := s.Ask(t, "GET", site, officer, ""); got.Status != 200 || got.Text("cer") == "" {
		t.Errorf("get: %+v", got)
	}
	refused := s.Ask(t, "GET", site, nobody, "")
	want := "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\n" +
		"Caller: appid=" + blog.id + ";oid=" + blog.id + ";iss=https://vault.localhost/adfs\r\nAction: 'Microsoft.KeyVault/vaults/certificates/read'\r\n"
	if message := refused.Text("error", "message"); refused.Status != 403 || refused.Text("error", "code") != "Forbidden" || refused.Text("error", "innererror", "code") != "ForbiddenByRbac" ||
		!strings.HasPrefix(message, want) || !strings.Contains(message, "DecisionReason: 'DeniedWithNoValidRBAC' \r\n") {
		t.Errorf("the refusal is not the service's: %+v", refused)
	}

	phases := map[string]string{}
	var denied bool
	for _, l := range auditOf(t, h) {
		if l.OperationName == "CertificateCreate" && l.CorrelationID == created.Header.Get("x-ms-request-id") {
			phases[l.Certwright.Phase] = l.Certwright.Decision
			if l.Certwright.Phase == "end" && l.Properties.HTTPStatusCode != 202 {
				t.Errorf("the end of the create: %+v", l)
			}
		}
		if l.OperationName == "CertificateGet" && l.CorrelationID == refused.Header.Get("x-ms-request-id") {
			denied = l.ResultSignature == "Forbidden" && l.Identity.Claim["appid"] == blog.id
		}
	}
	if phases["begin"] == "" || phases["end"] == "" || !strings.Contains(phases["begin"], "Key Vault Certificates Officer") || !denied {
		t.Errorf("the audit log has not who did what: %v, refusal %v\n%+v", phases, denied, auditOf(t, h))
	}

	if _, said, code := h.Run(t, "env", "--data", h.File("data")); code != 1 || !strings.Contains(said, "where clients sign in\nhint: ") {
		t.Errorf("env prints what cannot work: %d, %s", code, said)
	}
	late := addClient(t, h, "web-late")
	h.Nodes["access"] = strings.TrimSuffix(h.Nodes["access"], "]}") + ", {role: Key Vault Certificates Officer, to: {client: web-late}, on: /vaults/web}]}"
	h.Config(t)
	s.Signal(t, syscall.SIGHUP)
	s.Eventually(t, "the configuration is read again", func() bool { return strings.Contains(s.Said(), "the configuration was read again and is in force") })
	if got := s.Ask(t, "GET", site, bearer(late), ""); got.Status != 200 {
		t.Errorf("the client that was added: %+v", got)
	}
	if got := s.Ask(t, "GET", site, officer, ""); got.Status != 200 {
		t.Errorf("a token of before the reload: %+v", got)
	}
	must.Do(t, s.Stop())
	if all := auditOf(t, h); !slices.ContainsFunc(all, func(l line) bool { return l.OperationName == "CertwrightStop" }) {
		t.Errorf("its end is not in the audit log: %+v", all[len(all)-1])
	}
	text, err := os.ReadFile(h.File("data/audit/audit.jsonl"))
	must.Do(t, err)
	for _, secret := range []string{shop.secret, blog.secret, late.secret, officer, nobody} {
		if strings.Contains(string(text), secret) || strings.Contains(s.Said(), secret) {
			t.Error("a secret or token is in the audit log or on stderr")
		}
	}
}
