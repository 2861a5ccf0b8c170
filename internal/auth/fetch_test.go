package auth

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"certwright/internal/auth/authtest"
	"certwright/internal/clock"
	"certwright/internal/files"
	"certwright/internal/must"
)

// fetchFrom asks a server for the keys of an issuer.
func fetchFrom(t *testing.T, s IssuerSettings) ([]Key, time.Duration, error) {
	t.Helper()
	from, err := openSource(s, clock.Real{})
	must.Do(t, err)
	return from.fetch(t.Context())
}

// Keys come from where the discovery document says, or from where the
// configuration does.
func TestFetch(t *testing.T) {
	t.Parallel()
	i := authtest.Serve(t, "ES256", here)
	i.MaxAge = "private, Max-Age=\"600\""
	for _, s := range []IssuerSettings{{URL: i.URL}, {URL: "of nobody", JWKS: i.URL + "/keys"}} {
		if keys, keep, err := fetchFrom(t, s); err != nil || len(keys) != 1 || keys[0].ID != "k1" || keep != 10*time.Minute {
			t.Errorf("%+v: %v, %v, %v", s, keys, keep, err)
		}
	}
	path := filepath.Join(t.TempDir(), "keys.json")
	i.WriteJWKS(t, path)
	if keys, _, err := fetchFrom(t, IssuerSettings{URL: "of nobody", JWKSFile: path}); err != nil || len(keys) != 1 {
		t.Errorf("a file: %v, %v", keys, err)
	}
}

// What an issuer answers wrongly is told plainly, without what it wrote.
func TestFetchRefuses(t *testing.T) {
	t.Parallel()
	secret := "this text is nobody's business"
	discovery := func(w http.ResponseWriter, says any) { _ = json.NewEncoder(w).Encode(says) }
	for name, c := range map[string]struct {
		serve func(w http.ResponseWriter, r *http.Request, url string)
		want  string
	}{
		"503": {func(w http.ResponseWriter, _ *http.Request, _ string) { http.Error(w, secret, 503) }, "status 503 to GET /.well-known/openid-configuration"},
		"another place": {func(w http.ResponseWriter, r *http.Request, _ string) {
			http.Redirect(w, r, "https://evil.example/", 302)
		}, "status 302"},
		"no JSON": {func(w http.ResponseWriter, _ *http.Request, _ string) { fmt.Fprint(w, "<html>") }, "read the discovery document"},
		"another issuer": {func(w http.ResponseWriter, _ *http.Request, url string) {
			discovery(w, members{"issuer": url + "/", "jwks_uri": url + "/keys"})
		}, "is that of the issuer"},
		"keys by http": {func(w http.ResponseWriter, _ *http.Request, url string) {
			discovery(w, members{"issuer": url, "jwks_uri": "http://evil.example/keys"})
		}, "must begin with https"},
		"keys in a file": {func(w http.ResponseWriter, _ *http.Request, url string) {
			discovery(w, members{"issuer": url, "jwks_uri": "file:///etc/passwd"})
		}, "jwks_uri"},
		"no keys named": {func(w http.ResponseWriter, _ *http.Request, url string) { discovery(w, members{"issuer": url}) }, "jwks_uri"},
		"too large":     {func(w http.ResponseWriter, _ *http.Request, _ string) { fmt.Fprint(w, strings.Repeat("x", 2<<20)) }, "larger than 1 MiB"},
		"no end":        {func(w http.ResponseWriter, _ *http.Request, _ string) { panic(http.ErrAbortHandler) }, "EOF"},
		"keys without it": {func(w http.ResponseWriter, r *http.Request, url string) {
			discovery(w, members{"issuer": url, "jwks_uri": url + "/keys"})
		}, "no member keys"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var url string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.serve(w, r, url) }))
			server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
			t.Cleanup(server.Close)
			url = server.URL
			keys, _, err := fetchFrom(t, IssuerSettings{URL: url})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret) {
				t.Errorf("%v, %v, want %s", keys, err, c.want)
			}
		})
	}
}

// An issuer's certificate is trusted by the file that the configuration names
// for it, and by no other.
func TestFetchTrusts(t *testing.T) {
	t.Parallel()
	i := authtest.New("", "ES256", here)
	server := httptest.NewUnstartedServer(i)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	i.URL = server.URL
	if _, _, err := fetchFrom(t, IssuerSettings{URL: i.URL}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("without the file: %v", err)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	must.Do(t, files.Replace(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o644))
	if keys, _, err := fetchFrom(t, IssuerSettings{URL: i.URL, CABundle: path}); err != nil || len(keys) != 1 {
		t.Errorf("with it: %v", err)
	}
}

// Where the keys are is asked anew after they could not be had there.
func TestKeysMove(t *testing.T) {
	t.Parallel()
	i := authtest.New("", "ES256", here)
	at, gone := "/old", false
	var url string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/.well-known/openid-configuration":
			_ = json.NewEncoder(w).Encode(members{"issuer": url, "jwks_uri": url + at})
		case r.URL.Path == "/old" && gone:
			http.NotFound(w, r)
		default:
			_, _ = w.Write(i.JWKS())
		}
	}))
	t.Cleanup(server.Close)
	url = server.URL
	from, err := openSource(IssuerSettings{URL: url}, clock.Real{})
	must.Do(t, err)
	for step, want := range []bool{true, false, true} {
		if step == 1 {
			at, gone = "/new", true
		}
		if _, _, err := from.fetch(t.Context()); (err == nil) != want {
			t.Errorf("step %d: %v", step, err)
		}
	}
}

// A wrong file is told when the server starts.
func TestWrongFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must.Do(t, files.Replace(filepath.Join(dir, "empty"), nil, 0o644))
	for name, s := range map[string]IssuerSettings{
		"jwks_file: open": {JWKSFile: filepath.Join(dir, "none")}, "jwks_file: " + filepath.Join(dir, "empty"): {JWKSFile: filepath.Join(dir, "empty")},
		"ca_bundle: read the CA bundle: open": {CABundle: filepath.Join(dir, "none")}, "holds no certificate": {CABundle: filepath.Join(dir, "empty")},
	} {
		s.Name, s.URL, s.Audiences = "corp", "https://login.example.org", []string{here}
		if _, err := NewVerifier(Settings{Issuers: []IssuerSettings{s}}, Options{}); err == nil || !strings.HasPrefix(err.Error(), "auth: issuers: corp: ") || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
