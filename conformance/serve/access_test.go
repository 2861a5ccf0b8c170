//go:build unix

package serve_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"certwright/conformance/serve"
	"certwright/internal/must"
)

// readers gives Key Vault Reader to subjects.
func readers(subjects ...string) string {
	var all []string
	for _, s := range subjects {
		all = append(all, fmt.Sprintf("{role: Key Vault Reader, to: {issuer: corp, subject: %s}, on: /}", s))
	}
	return "{assignments: [" + strings.Join(all, ", ") + "]}"
}

// Permissions are replaced while callers ask: who may by both configurations is
// never refused, who may by neither is never let in, and one that will not do
// changes nothing.
func TestPermissionsAreReloadedUnderLoad(t *testing.T) {
	t.Parallel()
	h := serve.New(t)
	h.Nodes["access"] = readers("always", "even")
	s := h.Start(t)
	status := func(subject string) int {
		return s.Ask(t, "GET", s.Vault("web")+"/keys", h.Issuer.Token(subject, nil), "").Status
	}
	always, never := h.Issuer.Token("always", nil), h.Issuer.Token("never", nil)
	var done atomic.Bool
	var asked atomic.Int64
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for !done.Load() {
				if got := s.Ask(t, "GET", s.Vault("web")+"/keys", always, ""); got.Status != http.StatusOK {
					t.Errorf("who may by both: %d %s", got.Status, got.Body)
				}
				if got := s.Ask(t, "GET", s.Vault("web")+"/keys", never, ""); got.Status != http.StatusForbidden {
					t.Errorf("who may by neither: %d %s", got.Status, got.Body)
				}
				asked.Add(1)
			}
		})
	}
	for round := range 6 {
		now, gone := "odd", "even"
		if round%2 == 1 {
			now, gone = gone, now
		}
		h.Nodes["access"] = readers(now, "always", "nobody-knows") + "}" // no YAML
		refused := strings.Count(s.Said(), "the configuration was not taken")
		h.Config(t)
		s.Signal(t, syscall.SIGHUP)
		s.Eventually(t, "it refuses the configuration", func() bool { return strings.Count(s.Said(), "the configuration was not taken") > refused })
		if status(now) != http.StatusForbidden || status(gone) != http.StatusOK {
			t.Errorf("round %d: a refused configuration is in force", round)
		}
		h.Nodes["access"] = readers(now, "always")
		h.Config(t)
		s.Signal(t, syscall.SIGHUP)
		s.Eventually(t, now+" may", func() bool { return status(now) == http.StatusOK })
		if status(gone) != http.StatusForbidden {
			t.Errorf("round %d: %s still may", round, gone)
		}
	}
	done.Store(true)
	callers.Wait()
	if asked.Load() < 20 {
		t.Errorf("%d rounds of load are none", asked.Load())
	}
	must.Do(t, s.Stop())
}

// certwright access test says what the server says, of every role.
func TestAccessTestAgreesWithTheServer(t *testing.T) {
	t.Parallel()
	h := serve.New(t)
	roles := []string{"Key Vault Administrator", "Key Vault Reader", "Key Vault Certificates Officer", "Key Vault Certificate User", "Key Vault Crypto User",
		"Key Vault Secrets User", "Key Vault Contributor"}
	var all []string
	for i, role := range roles {
		all = append(all, fmt.Sprintf("{role: %s, to: {issuer: corp, subject: s%d}, on: /vaults/web}", role, i))
	}
	h.Nodes["access"] = "{assignments: [" + strings.Join(all, ", ") + "]}"
	s := h.Start(t)
	operations := []struct{ do, method, path, body string }{
		{"certificates/list", "GET", "/certificates", ""}, {"certificates/get", "GET", "/certificates/x", ""}, {"certificates/managecontacts", "GET", "/certificates/contacts", ""},
		{"keys/create", "POST", "/keys/x/create", `{"kty":"RSA","key_size":1}`}, {"secrets/getdeleted", "GET", "/deletedsecrets/x", ""}, {"secrets/get", "GET", "/secrets/x", ""},
		{"keys/sign", "POST", "/keys/x/sign", `{"alg":"RS256","value":"AAAA"}`}, {"keys/verify/public", "POST", "/keys/x/verify", `{"alg":"RS256","digest":"AAAA","value":"AAAA"}`},
	}
	granted := 0
	for i, role := range roles {
		subject := fmt.Sprint("s", i)
		for _, o := range operations {
			kind, _, _ := strings.Cut(o.do, "/")
			on := "web/" + kind + "/x"
			if o.do == "certificates/list" {
				on = "web"
			}
			out, said, code := h.Run(t, "access", "test", "--config", h.File("config.yaml"), "--as", "corp:"+subject, "--do", o.do, "--on", on)
			got := s.Ask(t, o.method, s.Vault("web")+o.path, h.Issuer.Token(subject, nil), o.body)
			if code > 1 || (code == 0) != (got.Status != http.StatusForbidden) {
				t.Errorf("%s, %s: the command says %s%s, the server %d %s", role, o.do, out, said, got.Status, got.Body)
			}
			if code == 0 {
				granted++
			}
		}
	}
	if granted < 15 || granted > 40 {
		t.Errorf("%d are granted", granted)
	}
}

// A configuration that lets nobody in is opened by the token of a start.
func TestLockedOut(t *testing.T) {
	t.Parallel()
	h := serve.New(t)
	h.Nodes["access"] = "{}"
	h.Args = []string{"--recovery-token-file", h.File("recovery")}
	s := h.Start(t)
	text, err := os.ReadFile(h.File("recovery"))
	must.Do(t, err)
	token := strings.TrimSpace(string(text))
	if got := s.Ask(t, "GET", s.Vault("web")+"/secrets", h.Issuer.Token("ann", map[string]any{"groups": []string{"admins"}}), ""); got.Status != http.StatusForbidden {
		t.Errorf("anybody: %d", got.Status)
	}
	if got := s.Ask(t, "PUT", s.Vault("web")+"/secrets/a", token, `{"value":"x"}`); got.Status != http.StatusOK {
		t.Errorf("at the vaults: %d %s", got.Status, got.Body)
	}
	if got := s.Ask(t, "GET", s.Side+"/admin/operations", token, ""); got.Status != http.StatusOK {
		t.Errorf("at the side door: %d %s", got.Status, got.Body)
	}
	must.Do(t, s.Stop())
	if said := s.Said(); !strings.Contains(said, "nobody may do anything here") || strings.Count(said, "RECOVERY: ") < 3 || strings.Contains(said, token) {
		t.Errorf("it says:\n%s", said)
	}
	if _, err := os.Stat(h.File("recovery")); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
}
