package challenge_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"certwright/internal/challenge"
	"certwright/internal/must"
)

const accountFile = `{"WWW.example.org": {"fulldomain": "8e57.example.net", "subdomain": "8e57", "username": "u-1", "password": "p-1", "allowfrom": []}}`

// acmeDNS is an acme-dns server as its documentation has it: the older of two
// values makes room for the new one.
func acmeDNS(t *testing.T, n *nameServer) *listener {
	t.Helper()
	return startListener(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Api-User") != "u-1" || r.Header.Get("X-Api-Key") != "p-1" || r.URL.Path != "/update" {
			http.Error(w, `{"error": "forbidden"}`, http.StatusUnauthorized)
			return
		}
		var call struct{ Subdomain, TXT string }
		if err := json.NewDecoder(r.Body).Decode(&call); err != nil || call.Subdomain != "8e57" {
			http.Error(w, `{"error": "bad_subdomain"}`, http.StatusBadRequest)
			return
		}
		n.set(func() {
			v := append(n.txt["8e57.example.net."], call.TXT)
			n.txt["8e57.example.net."] = v[max(len(v)-2, 0):]
		})
	})
}

func TestACMEDNS(t *testing.T) {
	t.Parallel()
	n := startNameServer(t)
	l := acmeDNS(t, n)
	s := solver(t, challenge.Settings{Kind: "acme-dns", URL: l.URL, CABundle: l.Bundle, AccountFile: file(t, accountFile), Nameservers: []string{n.Addr}})
	for _, v := range []string{"base", "wild", "wild", "base", "wild"} { // a repeated value must not push the other out
		must.Do(t, s.Present(t.Context(), txt(v)))
	}
	wantValues(t, n, "8e57.example.net.", "base", "wild")
	if ok, _, err := s.Ready(t.Context(), txt("base"), noon, noon); !ok || err != nil {
		t.Errorf("Ready: %v, %v", ok, err)
	}
	if err := s.Cleanup(t.Context(), txt("base")); err != nil {
		t.Error(err)
	}
	calls, _ := l.heard()
	if len(calls) != 2 {
		t.Errorf("%d updates, want 2", len(calls))
	}
}

func TestACMEDNSFailures(t *testing.T) {
	t.Parallel()
	n := startNameServer(t)
	l := acmeDNS(t, n)
	path := file(t, strings.Replace(accountFile, "p-1", "p-2", 1))
	s := solver(t, challenge.Settings{Kind: "acme-dns", URL: l.URL, CABundle: l.Bundle, AccountFile: path, Nameservers: []string{n.Addr}})
	err := s.Present(t.Context(), txt("v"))
	if want := `the acme-dns server answers 401 Unauthorized, and says: {"error": "forbidden"}`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	stranger := txt("v")
	stranger.Domain = "api.example.org"
	if err := s.Present(t.Context(), stranger); err == nil || !strings.HasSuffix(err.Error(), " has no account for api.example.org") {
		t.Errorf("error %v", err)
	}
	must.Do(t, os.WriteFile(path, []byte(`{"www.example.org": {"fulldomain": "x", "password": "p-1"}}`), 0o600))
	if err := s.Cleanup(t.Context(), txt("v")); err == nil || !strings.Contains(err.Error(), "has no fulldomain, subdomain, username and password") || strings.Contains(err.Error(), "p-1") {
		t.Errorf("error %v", err)
	}
}
