package signin

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"certwright/conformance/serve"
	"certwright/internal/must"
	"certwright/internal/tokens"
)

func TestMain(m *testing.M) {
	code := m.Run()
	serve.Built()
	os.Exit(code)
}

const (
	clientID = "6f2c0d3e-0000-4000-8000-000000000001"
	workload = "system:serviceaccount:shop:web"
)

// A site is certwright serve with one client that may do everything with the
// secrets of the vault web, and what that client proves itself with.
type site struct {
	house    *serve.House
	server   *serve.Server
	secret   string
	pair     string // PEM: certificate and key
	token    string // a file with the workload's token
	identity string // the socket
}

func open(t *testing.T, more ...string) *site {
	t.Helper()
	h := serve.New(t)
	short, err := os.MkdirTemp("", "signin") // the path of a socket must be short
	must.Do(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(short) })
	s := &site{house: h, pair: h.File("client.pem"), token: h.File("token"), identity: filepath.Join(short, "identity.sock")}
	writePair(t, s.pair)
	must.Do(t, os.WriteFile(s.token, []byte(h.Issuer.Token(workload, map[string]any{"aud": []string{tokens.DefaultFederatedAudience}})), 0o600))
	secret, hash := tokens.NewSecret()
	s.secret = secret
	h.Nodes["hosts"] = `["*.vault.localhost", localhost, 127.0.0.1]`
	h.Nodes["access"] = "{assignments: [{role: Key Vault Secrets Officer, to: {client: web-shop}, on: /vaults/web}]}"
	h.Nodes["auth"] = fmt.Sprintf(`
  issuers: [{name: cluster, url: %q, federation: true}]
  token_service:
    issuer: https://vault.localhost/adfs
    clients:
    - id: %s
      name: web-shop
      secrets: [{hash: %q}]
      certificates: [{file: client.pem}]
      federated: [{issuer: cluster, subject: %q}]
    hosts: [{socket: %s, uid: %d, client: web-shop}]
    %s`, h.Issuer.URL, clientID, hash, workload, s.identity, os.Getuid(), strings.Join(more, "\n    "))
	s.server = h.Start(t)
	return s
}

// writePair writes a certificate with its key, as certificate credentials take it.
func writePair(t *testing.T, path string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must.Do(t, err)
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "web-shop"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	must.Do(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must.Do(t, err)
	text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	must.Do(t, os.WriteFile(path, text, 0o600))
}

// A way is one credential with what its environment says.
type way struct {
	name, kind string
	env        func(s *site) []string
	agent      bool // beside certwright agent
	fails      string
}

// asClient are the variables of every way but the managed identity.
func asClient(s *site, more ...string) []string {
	return append([]string{"AZURE_TENANT_ID=adfs", "AZURE_CLIENT_ID=" + clientID}, more...)
}

var ways = []way{
	{name: "workload identity", kind: "workload", env: func(s *site) []string { return asClient(s, "AZURE_FEDERATED_TOKEN_FILE="+s.token) }},
	{name: "client secret", kind: "environment", env: func(s *site) []string { return asClient(s, "AZURE_CLIENT_SECRET="+s.secret) }},
	{name: "certificate", kind: "environment", env: func(s *site) []string { return asClient(s, "AZURE_CLIENT_CERTIFICATE_PATH="+s.pair) }},
	{name: "default with the workload's variables", kind: "default", env: func(s *site) []string { return asClient(s, "AZURE_FEDERATED_TOKEN_FILE="+s.token) }},
	{name: "managed identity", kind: "managed", env: func(*site) []string { return nil }, agent: true},
	{name: "a wrong secret", kind: "environment", env: func(s *site) []string { return asClient(s, "AZURE_CLIENT_SECRET=wrong") }, fails: "AADSTS7000215"},
}

// chosen are the languages that SIGNIN names.
func chosen(t *testing.T) (all []language) {
	t.Helper()
	names := os.Getenv("SIGNIN")
	if names == "" {
		t.Skip("it fetches the packages of four languages: SIGNIN=all runs it, SIGNIN=go,python some")
	}
	for _, l := range languages {
		if names == "all" || slices.Contains(strings.Split(names, ","), l.name) {
			all = append(all, l)
		}
	}
	return all
}

// TestTooOften has a client ask for more tokens than it may: each SDK waits as
// Retry-After says, and gets its token then, by the same assertion where it
// keeps that.
func TestTooOften(t *testing.T) {
	all := chosen(t)
	s := open(t, "limits: {per_client: 12}") // one in five seconds, and two at once
	for _, l := range all {
		command, env := l.prepare(t, s.house)
		for i, w := range []way{ways[1], ways[2], ways[1], ways[2]} {
			t.Run(fmt.Sprint(l.name, "/", i, " ", w.name), func(t *testing.T) { s.signIn(t, l, w, command, env) })
		}
	}
}

// TestSDKs signs in with each credential of each SDK.
func TestSDKs(t *testing.T) {
	all := chosen(t)
	s := open(t)
	for _, l := range all {
		command, env := l.prepare(t, s.house)
		for _, w := range ways {
			t.Run(l.name+"/"+w.name, func(t *testing.T) { s.signIn(t, l, w, command, env) })
		}
	}
	if said := s.server.Said(); strings.Contains(said, s.secret) {
		t.Error("the server shows a secret")
	}
}

// signIn runs a language's program as a user would who set these variables.
func (s *site) signIn(t *testing.T, l language, w way, command, env []string) {
	args := append(slices.Clone(command), w.kind)
	if w.agent {
		args = append([]string{s.house.Program, "agent", "--socket", s.identity, "--"}, args...)
	}
	c := exec.CommandContext(t.Context(), args[0], args[1:]...)
	c.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AZURE_") || strings.HasPrefix(v, "IDENTITY_") }), env...)
	c.Env = append(append(c.Env, w.env(s)...), "AZURE_KEYVAULT_URL="+l.url(s.server), "AZURE_AUTHORITY_HOST="+l.url(s.server))
	began := time.Now()
	out, err := c.CombinedOutput()
	switch {
	case w.fails != "" && (err == nil || !strings.Contains(string(out), w.fails)):
		t.Errorf("want %s, it says %v:\n%s", w.fails, err, out)
	case w.fails == "" && (err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), "ok")):
		t.Errorf("%v:\n%s\nthe server says:\n%s", err, out, s.server.Said())
	}
	t.Logf("%v", time.Since(began).Round(time.Millisecond))
}
