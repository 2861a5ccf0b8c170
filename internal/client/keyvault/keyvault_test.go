package keyvault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"certwright/internal/client/keyvault"
	"certwright/internal/client/signin"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// A source gives the tokens token-1, token-2, ...
type source struct{ given int }

func (s *source) Token(context.Context, signin.Challenge) (signin.Token, error) {
	s.given++
	return signin.Token{Value: vault.Hidden(fmt.Sprint("token-", s.given))}, nil
}

// vaultOf is a server that serve answers for whoever shows token, and a client
// of it that notes how long it waited.
func vaultOf(t *testing.T, token string, serve http.HandlerFunc) (c *keyvault.Client, s *source, waited *[]time.Duration) {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer authorization="https://%s/adfs", resource="https://%[1]s"`, r.Host))
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":{"code":"Unauthorized","message":"AKV10000: Request is missing a Bearer or PoP token."}}`)
			return
		}
		serve(w, r)
	}))
	t.Cleanup(server.Close)
	by := server.Client()
	by.CheckRedirect = keyvault.NoRedirect
	s, waited = &source{}, &[]time.Duration{}
	c, err := keyvault.New(server.URL, by, s)
	must.Do(t, err)
	c.Wait = func(_ context.Context, d time.Duration) error {
		*waited = append(*waited, d)
		return nil
	}
	return c, s, waited
}

func TestTokenIsHadAnewOnce(t *testing.T) {
	t.Parallel()
	c, s, _ := vaultOf(t, "token-2", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) })
	for range 3 {
		_, err := c.Certificates().Get(t.Context(), "web", "")
		must.Do(t, err)
	}
	if s.given != 2 {
		t.Errorf("%d tokens were asked for", s.given)
	}
	c, s, _ = vaultOf(t, "another", nil)
	_, err := c.Certificates().Get(t.Context(), "web", "")
	if !keyvault.Is(err, 401, "Unauthorized") || s.given != 2 || !strings.Contains(err.Error(), "hint: sign in") {
		t.Errorf("after %d tokens: %v", s.given, err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"error":{"code":"Forbidden","message":"no","innererror":{"code":"ForbiddenByRbac"}}}`: "403 Forbidden ForbiddenByRbac no\nhint: who you signed in as",
		`{"Message":"media"}`:                           "403   media",
		`{"error":{"code":"X","message":"a\u001b[2J"}}`: "403 X  a [2J",
		`<html>`: "403   the vault answers 403 Forbidden",
	} {
		c, _, _ := vaultOf(t, "token-1", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, body)
		})
		_, err := c.Certificates().Get(t.Context(), "web", "")
		var e *keyvault.Error
		if !errors.As(err, &e) {
			t.Fatalf("%s: %v", body, err)
		}
		if got := fmt.Sprintf("%d %s %s %s", e.Status, e.Code, e.Inner, e.Error()); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

func TestBusy(t *testing.T) {
	t.Parallel()
	n := 0
	c, _, waited := vaultOf(t, "token-1", func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); !strings.Contains(string(body), "policy") {
			t.Errorf("the body of try %d is %q", n, body)
		}
		if n++; n == 1 {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		if n == 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, `{"status":"inProgress"}`)
	})
	if o, err := c.Operations().Create(t.Context(), "web", keyvault.Create{Policy: &keyvault.Policy{}}); err != nil || o.Status != keyvault.InProgress {
		t.Errorf("%+v, %v", o, err)
	}
	if fmt.Sprint(*waited) != "[7s 2s]" {
		t.Errorf("waited %v", *waited)
	}
	n = 0
	c, _, waited = vaultOf(t, "token-1", func(w http.ResponseWriter, _ *http.Request) {
		n++
		w.Header().Set("Retry-After", "86400")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	if _, err := c.Certificates().Get(t.Context(), "web", ""); !keyvault.Is(err, 429, "") || n != 4 || (*waited)[0] != time.Minute {
		t.Errorf("%d tries, waited %v: %v", n, *waited, err)
	}
}

// What failed in another way is not tried again: it may have been done.
func TestFaultsAreNotTriedAgain(t *testing.T) {
	t.Parallel()
	n := 0
	c, _, _ := vaultOf(t, "token-1", func(w http.ResponseWriter, _ *http.Request) {
		n++
		w.WriteHeader(http.StatusInternalServerError)
	})
	if _, err := c.Operations().Create(t.Context(), "web", keyvault.Create{}); !keyvault.Is(err, 500, "") || n != 1 {
		t.Errorf("%d tries: %v", n, err)
	}
}

// A page is asked for when the one before was gone through, and not at all once
// nobody wants more.
func TestPages(t *testing.T) {
	t.Parallel()
	pages := 0
	c, _, _ := vaultOf(t, "token-1", func(w http.ResponseWriter, r *http.Request) {
		pages++
		fmt.Fprintf(w, `{"value":[{"id":"https://%s/certificates/a%d"},{"id":"https://%[1]s/certificates/b%[2]d"}],"nextLink":"https://%[1]s/certificates?api-version=7.6&$skiptoken=%[2]d"}`, r.Host, pages)
	})
	var names []string
	for item, err := range c.Certificates().List(t.Context()) {
		must.Do(t, err)
		if want := (len(names) + 2) / 2; pages != want {
			t.Errorf("%d pages were asked for before item %d", pages, len(names))
		}
		if names = append(names, item.ID.Name()); len(names) == 5 {
			break
		}
	}
	if fmt.Sprint(names) != "[a1 b1 a2 b2 a3]" || pages != 3 {
		t.Errorf("%v after %d pages", names, pages)
	}
}

// The service writes the usual port into its links; another is another server.
func TestPortInLinks(t *testing.T) {
	t.Parallel()
	for next, follows := range map[string]bool{
		"https://web.vault.example.org:443/certificates?api-version=7.4&$skiptoken=x": true, "https://WEB.vault.example.org/certificates?$skiptoken=x": true,
		"https://web.vault.example.org:8443/certificates": false, "http://web.vault.example.org:443/certificates": false,
		"https://web.vault.example.org@evil.example/certificates": false, "https://u@web.vault.example.org/certificates": false, "/certificates": false, "https://web.vault.example.org.evil.example/": false,
	} {
		r := &recorder{answer: `{"value":[],"nextLink":"` + next + `"}`}
		c, err := keyvault.New(at, &http.Client{Transport: r}, r)
		must.Do(t, err)
		if err := all(c.Certificates().List(t.Context())); (err == nil) != follows || follows != (len(r.all) == 3) {
			t.Errorf("%s: %v after %d requests", next, err, len(r.all))
		}
	}
}

// A token goes to the vault alone: a list that leads elsewhere, a redirect and a
// challenge about another host get none.
func TestTokenStaysHere(t *testing.T) {
	t.Parallel()
	strange := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a stranger is asked for %s with %q", r.URL, r.Header.Get("Authorization"))
	}))
	t.Cleanup(strange.Close)
	c, _, _ := vaultOf(t, "token-1", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/certificates":
			fmt.Fprintf(w, `{"value":[],"nextLink":"%s/certificates"}`, strange.URL)
		case "/keys":
			fmt.Fprintf(w, `{"value":[],"nextLink":"https://%s%s"}`, r.Host, r.URL.RequestURI()) // to itself
		default:
			http.Redirect(w, r, strange.URL, http.StatusTemporaryRedirect)
		}
	})
	if err := all(c.Certificates().List(t.Context())); err == nil || !strings.Contains(err.Error(), "not a next page") {
		t.Errorf("a list that leads elsewhere: %v", err)
	}
	if err := all(c.Keys().List(t.Context())); err == nil || !strings.Contains(err.Error(), "not a next page") {
		t.Errorf("a list that leads to itself: %v", err)
	}
	if _, err := c.Certificates().Get(t.Context(), "web", ""); !keyvault.Is(err, 307, "") {
		t.Errorf("a redirect: %v", err)
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("a token was sent to a server that asked for one of another")
		}
		w.Header().Set("WWW-Authenticate", `Bearer authorization="https://login.microsoftonline.com/t", resource="https://vault.azure.net"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	s := &source{}
	lured, err := keyvault.New(server.URL, server.Client(), s)
	must.Do(t, err)
	if _, err := lured.Certificates().Get(t.Context(), "web", ""); err == nil || s.given != 0 || !strings.Contains(err.Error(), "about another server") {
		t.Errorf("%d tokens given: %v", s.given, err)
	}
}

// Names that would be another path never leave.
func TestNames(t *testing.T) {
	t.Parallel()
	c, err := keyvault.New(at, &http.Client{Transport: nobody{t}}, &source{})
	must.Do(t, err)
	for _, name := range []string{"", ".", "..", "a/b", "a_b", "a?b", strings.Repeat("a", 128), "ä"} {
		if _, err := c.Certificates().Get(t.Context(), name, ""); !errors.Is(err, keyvault.ErrName) {
			t.Errorf("%q: %v", name, err)
		}
		if err := all(c.Certificates().Versions(t.Context(), name)); !errors.Is(err, keyvault.ErrName) {
			t.Errorf("versions of %q: %v", name, err)
		}
		if _, err := c.Issuers().Get(t.Context(), name); !errors.Is(err, keyvault.ErrName) {
			t.Errorf("issuer %q: %v", name, err)
		}
	}
	for _, url := range []string{"", "web", "http://web.vault.azure.net", "https://web.vault.azure.net/certificates", "https://u:p@web.vault.azure.net", "https://"} {
		if _, err := keyvault.New(url, nil, nil); err == nil || !strings.Contains(err.Error(), "hint: ") {
			t.Errorf("vault %q: %v", url, err)
		}
	}
}

type nobody struct{ t *testing.T }

func (n nobody) RoundTrip(r *http.Request) (*http.Response, error) {
	n.t.Errorf("a request went out: %s", r.URL)
	return nil, errors.New("no")
}

// Where the connection proves who calls, requests go out whole.
func TestNoToken(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); string(body) != `{"value":"v"}` || r.Header.Get("Authorization") != "" {
			t.Errorf("%q with %q", body, r.Header.Get("Authorization"))
		}
		_, _ = io.WriteString(w, `{}`)
	}))
	t.Cleanup(server.Close)
	c, err := keyvault.New(server.URL, server.Client(), nil)
	must.Do(t, err)
	_, err = c.Secrets().Set(t.Context(), "web", keyvault.Secret{Value: "v"})
	must.Do(t, err)
}

// Each way not to reach a server has its own hint.
func TestUnreached(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(nil)
	t.Cleanup(server.Close)
	plain := httptest.NewServer(nil)
	t.Cleanup(plain.Close)
	u, err := url.Parse(server.URL)
	must.Do(t, err)
	for to, want := range map[string]string{
		server.URL: "hint: its certificate is of an authority that is not known here",
		"https://" + plain.Listener.Addr().String(): "hint: vaults are at the https listener",
		"https://127.0.0.1:1":                       "hint: does it run",
		"https://no.such.invalid:" + u.Port():       "hint: the name is not known here",
	} {
		c, err := keyvault.New(to, &http.Client{Transport: &http.Transport{}}, &source{})
		must.Do(t, err)
		if _, err := c.Certificates().Get(t.Context(), "web", ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", to, err, want)
		}
	}
}

// Whatever a vault refuses, there is a line that leads out.
func TestEveryRefusalHasAHint(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 307, 400, 401, 403, 404, 405, 409, 413, 415, 429, 500, 502, 503, 504} {
		for _, body := range []string{`{"error":{"code":"Something","message":"no"}}`, `{"Message":"no"}`, ``} {
			c, _, _ := vaultOf(t, "token-1", func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
			})
			_, err := c.Certificates().Get(t.Context(), "web", "")
			if line, hint, found := strings.Cut(err.Error(), "\nhint: "); !found || line == "" || len(hint) < 10 {
				t.Errorf("%d %s: %q", status, body, err)
			}
		}
	}
	for code, hint := range map[string]string{"CertificateNotFound": "cert list", "CertificateIssuerNotFound": "issuer set", "PendingCertificateNotFound": "cert renew", "KeyNotFound": "key list", "SecretNotFound": "secret list", "ContactsNotFound": "contact set"} {
		c, _, _ := vaultOf(t, "token-1", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprintf(w, `{"error":{"code":%q,"message":"no"}}`, code)
		})
		_, err := c.Certificates().Get(t.Context(), "web", "")
		if !strings.Contains(err.Error(), hint) {
			t.Errorf("%s: %v", code, err)
		}
		if text := keyvault.Hinted(err, "what I know").Error(); text != "no\nhint: what I know" {
			t.Errorf("%s, where who asks knows better: %q", code, text)
		}
	}
}
