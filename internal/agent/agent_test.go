package agent

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"certwright/internal/must"
)

// fake is a source that answers as it is told.
type fake struct {
	answer           Answer
	err              error
	resource, client string
}

func (f *fake) Get(_ context.Context, resource, client string) (Answer, error) {
	f.resource, f.client = resource, client
	return f.answer, f.err
}

func TestAgent(t *testing.T) {
	t.Parallel()
	good := Answer{Status: 200, Body: json.RawMessage(`{"access_token":"t"}`)}
	for name, c := range map[string]struct {
		method, target, header string
		from                   fake
		status                 int
		says                   string
	}{
		"a token":        {"GET", "/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fv&client_id=c", "h", fake{answer: good}, 200, `"access_token":"t"`},
		"no header":      {"GET", "/msi/token?resource=r", "", fake{answer: good}, 401, "X-IDENTITY-HEADER"},
		"another header": {"GET", "/msi/token?resource=r", "x", fake{answer: good}, 401, "X-IDENTITY-HEADER"},
		"no resource":    {"GET", "/msi/token", "h", fake{answer: good}, 400, "resource"},
		"another path":   {"GET", "/metadata/identity/oauth2/token?resource=r", "h", fake{answer: good}, 404, "no such endpoint"},
		"another method": {"POST", "/msi/token?resource=r", "h", fake{answer: good}, 405, "not allowed"},
		"a refusal":      {"GET", "/msi/token?resource=r", "h", fake{answer: Answer{Status: 429, RetryAfter: "7", Body: json.RawMessage(`{"message":"slow"}`)}}, 429, "slow"},
		"nobody answers": {"GET", "/msi/token?resource=r", "h", fake{err: errors.New("connection refused")}, 502, "cannot be reached: connection refused"},
	} {
		r := httptest.NewRequest(c.method, c.target, nil)
		if c.header != "" {
			r.Header.Set("X-IDENTITY-HEADER", c.header)
		}
		w := httptest.NewRecorder()
		from := c.from
		Agent{Header: "h", Source: &from}.ServeHTTP(w, r)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) || w.Header().Get("Retry-After") != c.from.answer.RetryAfter && w.Code == 429 {
			t.Errorf("%s: %d %s %v", name, w.Code, w.Body, w.Header())
		}
		if w.Code == 200 && (from.resource != "https://v" || from.client != "c") {
			t.Errorf("%s: asked for %s of %s", name, from.resource, from.client)
		}
	}
	w := httptest.NewRecorder()
	Agent{Source: &fake{answer: good}}.ServeHTTP(w, httptest.NewRequest("GET", "/msi/token?resource=r", nil))
	if w.Code != 401 {
		t.Errorf("an agent without a header: %d", w.Code)
	}
}

// A token service elsewhere is asked as the client, with what it proves itself by.
func TestRemote(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	must.Do(t, err)
	status, body := 200, `{"access_token":"t","expires_in":3600}`
	var asked *http.Request
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ParseForm() == nil {
			asked = r
		}
		w.Header().Set("Retry-After", "9")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	secret := Remote{Authority: s.URL + "/adfs/", ClientID: "c", Secret: func() (string, error) { return "s", nil }, Roots: roots}
	certificate := Remote{Authority: s.URL + "/adfs", ClientID: "c", Key: func() (tls.Certificate, error) {
		return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
	}, Roots: roots}
	for _, r := range []Remote{secret, certificate} {
		r, err := NewRemote(r)
		must.Do(t, err)
		a, err := r.Get(t.Context(), "https://v", "")
		var got map[string]string
		must.Do(t, errors.Join(err, json.Unmarshal(a.Body, &got)))
		if a.Status != 200 || got["access_token"] != "t" || got["expires_in"] != "3600" || got["resource"] != "https://v" || got["client_id"] != "c" {
			t.Errorf("%d %v", a.Status, got)
		}
		f := asked.PostForm
		if asked.URL.Path != "/adfs/oauth2/token" || f.Get("scope") != "https://v/.default" || f.Get("client_id") != "c" || f.Get("grant_type") != "client_credentials" {
			t.Errorf("asked %s with %v", asked.URL, f)
		}
		if text := f.Get("client_assertion"); text != "" {
			token, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.ES256})
			must.Do(t, err)
			var claims jwt.Claims
			must.Do(t, token.Claims(key.Public(), &claims))
			if claims.Issuer != "c" || claims.Subject != "c" || !claims.Audience.Contains(s.URL+"/adfs/oauth2/token") || claims.ID == "" {
				t.Errorf("%+v", claims)
			}
		} else if f.Get("client_secret") != "s" {
			t.Errorf("%v", f)
		}
		if a, err := r.Get(t.Context(), "https://v", "another"); err != nil || a.Status != 400 {
			t.Errorf("another client: %+v %v", a, err)
		}
	}
	r, err := NewRemote(secret)
	must.Do(t, err)
	status, body = 401, `{"error":"invalid_client","error_description":"AADSTS7000215: no"}`
	if a, err := r.Get(t.Context(), "https://v", ""); err != nil || a.Status != 401 || a.RetryAfter != "9" || !strings.Contains(string(a.Body), "AADSTS7000215") {
		t.Errorf("%+v %v", a, err)
	}
	status, body = 502, "<html>"
	if _, err := r.Get(t.Context(), "https://v", ""); err == nil || !strings.Contains(err.Error(), "status 502") {
		t.Errorf("%v", err)
	}
	if _, err := NewRemote(Remote{Authority: "http://v/adfs"}); err == nil {
		t.Error("plain http was taken")
	}
}
