package issuertest_test

import (
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/internal/certs"
	"certwright/internal/issuer/issuertest"
	"certwright/internal/must"
	"certwright/internal/vault"
)

func TestTiny(t *testing.T) {
	t.Parallel()
	at := func(way string) func(*testing.T) (vault.Issuer, vault.IssuerConfig) {
		return func(t *testing.T) (vault.Issuer, vault.IssuerConfig) {
			server := httptest.NewServer(newDesk(t, way))
			t.Cleanup(server.Close)
			i, err := New(Settings{Address: server.URL})
			must.Do(t, err)
			return i, vault.IssuerConfig{Vault: "default", Name: "desk", Provider: "Desk", Enabled: true}
		}
	}
	issuertest.Run(t, issuertest.Case{
		New: at("issues"),
		Again: func(t *testing.T, first vault.Issuer) vault.Issuer {
			again, err := New(first.(*Issuer).Settings)
			must.Do(t, err)
			return again
		},
		Reject: at("refuses"), Fault: at("knows nobody"), Unreachable: at("is away"), Hold: at("waits"),
	})
}

// A desk is the authority as the tests play it.
type desk struct {
	way       string
	authority certs.Authority

	mu    sync.Mutex
	calls int
	asked map[string]string // CSR by id
}

func newDesk(t *testing.T, way string) *desk {
	t.Helper()
	authority, err := certs.NewAuthority("Signing Desk", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	must.Do(t, err)
	return &desk{way: way, authority: authority, asked: map[string]string{}}
}

// ServeHTTP implements http.Handler.
func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls++
	id := strings.TrimPrefix(r.URL.Path, "/requests/")
	switch {
	case d.way == "is away" && d.calls <= 2:
		w.WriteHeader(http.StatusBadGateway)
	case d.way == "knows nobody":
		say(w, http.StatusForbidden, decision{Error: "who are you?"})
	case d.way == "refuses":
		say(w, http.StatusUnprocessableEntity, decision{Error: "that name is taken"})
	case r.Method == http.MethodDelete:
		delete(d.asked, id)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodPut:
		text, err := io.ReadAll(r.Body)
		if err == nil && d.asked[id] == "" {
			d.asked[id] = string(text) // a second PUT is the same request
		}
		w.WriteHeader(http.StatusAccepted)
	case d.way == "waits" || d.asked[id] == "":
		say(w, http.StatusOK, decision{})
	default:
		d.issue(w, d.asked[id])
	}
}

func (d *desk) issue(w http.ResponseWriter, csr string) {
	block, _ := pem.Decode([]byte(csr))
	leaf, err := d.authority.Issue(block.Bytes, 12, time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	if err != nil {
		say(w, http.StatusUnprocessableEntity, decision{Error: err.Error()})
		return
	}
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf})
	chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: d.authority.Certificate})...)
	say(w, http.StatusOK, decision{Chain: string(chain)})
}

func say(w http.ResponseWriter, status int, d decision) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(d)
}

// The page on writing an issuer shows this code and no other.
func TestPageShowsWhatRuns(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/issuers/writing-one.md")
	must.Do(t, err)
	var code strings.Builder
	for _, name := range []string{"tiny_test.go", "tiny_judge_test.go"} {
		text, err := os.ReadFile(name)
		must.Do(t, err)
		code.Write(text)
	}
	blocks := strings.Split(string(page), "```go\n")[1:]
	if len(blocks) == 0 {
		t.Fatal("the page has no code")
	}
	for i, b := range blocks {
		b, _, _ = strings.Cut(b, "```")
		if !strings.Contains(code.String(), strings.TrimSpace(b)) {
			t.Errorf("block %d of the page is not in tiny_test.go or tiny_judge_test.go:\n%s", i+1, b)
		}
	}
}
