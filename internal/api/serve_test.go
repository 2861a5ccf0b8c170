package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"certwright/internal/must"
	"certwright/internal/service"
	"certwright/internal/vault"
)

// The body of SDKs' most frequent create.
const selfPolicy = `{"policy":{"issuer":{"name":"Self"},"key_props":{"kty":"EC"},"x509_props":{"subject":"CN=x"}}}`

func TestEveryAnswerCarriesTheHeaders(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	unsigned := request("GET", "/nowhere", "")
	unsigned.Header.Del("Authorization")
	for _, got := range []reply{g.do("GET", "/certificates", ""), g.do("GET", "/certificates/none", ""), g.do("PUT", "/nowhere", ""),
		g.do("POST", "/certificates/a/create", "{"), g.serve(unsigned)} {
		for name, want := range map[string]string{
			"Cache-Control": "^no-cache$", "Pragma": "^no-cache$", "Expires": "^-1$", "Strict-Transport-Security": "^max-age=31536000;includeSubDomains$",
			"X-Content-Type-Options": "^nosniff$", "x-ms-keyvault-region": "^local$", "x-ms-keyvault-service-version": `^\d+\.\d+\.\d+$`,
			"x-ms-keyvault-network-info": `^conn_type=Ipv4;addr=192\.0\.2\.1;act_addr_fam=InterNetwork;$`,
			"x-ms-request-id":            "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
			"Content-Type":               "^application/json; charset=utf-8$", "Content-Length": fmt.Sprintf("^%d$", len(got.body)),
		} {
			if v := got.header.Get(name); !regexp.MustCompile(want).MatchString(v) {
				t.Errorf("status %d: %s is %q, want %s", got.status, name, v, want)
			}
		}
	}
}

func TestClientRequestIDIsEchoedWhenAsked(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	r := request("GET", "/certificates?api-version=7.4", "")
	r.Header.Set("x-ms-client-request-id", "mine")
	if got := g.serve(r).header.Get("x-ms-client-request-id"); got != "" {
		t.Errorf("echoed %q without being asked", got)
	}
	r.Header.Set("x-ms-return-client-request-id", "true")
	if got := g.serve(r).header.Get("x-ms-client-request-id"); got != "mine" {
		t.Errorf("echoed %q, want mine", got)
	}
}

// TestChallengeComesFirst: whatever is wrong with a request without a token,
// the challenge is the answer (docs/contract/connecting.md).
func TestChallengeComesFirst(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	for _, r := range []*http.Request{
		request("POST", "/certificates/web/create?api-version=7.4", ""),
		request("GET", "/nowhere", ""),
		request("PATCH", "/certificates", ""),
		request("GET", "/certificates?api-version=x", ""),
		request("GET", "/certificates?%zz", ""),
		request("POST", "/certificates/web/create?api-version=7.4", strings.Repeat("x", maxBody+1)),
	} {
		for _, host := range []string{testHost, "bad_vault.vault.localhost:8443"} {
			r.Header.Del("Authorization")
			r.Host = host
			got := g.serve(r)
			want := `Bearer authorization="https://` + host + `/adfs", resource="https://vault.localhost:8443"`
			if got.status != 401 || got.code() != "Unauthorized" || got.header.Get("WWW-Authenticate") != want {
				t.Errorf("%s %s at %s: %d %s %q", r.Method, r.URL, host, got.status, got.body, got.header.Get("WWW-Authenticate"))
			}
			if got.message() != "AKV10000: Request is missing a Bearer or PoP token." {
				t.Errorf("message %q", got.message())
			}
		}
	}
}

func TestMethodOverride(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	g.must(202, "POST", "/certificates/web/create", selfPolicy)
	for _, tt := range []struct {
		method, header, value string
		status                int
	}{
		{"POST", "X-HTTP-METHOD", "PATCH", 200}, {"POST", "X-Http-Request", "patch", 200}, {"POST", "X-HTTP-METHOD", "PUT", 405},
		{"POST", "X-HTTP-METHOD", "", 405}, {"PUT", "X-HTTP-METHOD", "PATCH", 405},
	} {
		r := request(tt.method, "/certificates/web?api-version=7.4", `{"tags":{}}`)
		r.Header.Set(tt.header, tt.value)
		if got := g.serve(r); got.status != tt.status {
			t.Errorf("%s with %s %s: %d, want %d: %s", tt.method, tt.header, tt.value, got.status, tt.status, got.body)
		}
	}
}

func TestIssuersAndContacts(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	const issuer = `{"provider":"Test","credentials":{"account_id":"u","pwd":"s3cret"},"org_details":{"admin_details":[{"email":"a@b"}]}}`
	got := g.must(200, "PUT", "/certificates/issuers/pending", issuer)
	if strings.Contains(got.body, "s3cret") || !strings.Contains(got.body, `"org_details":{"zip":0,"admin_details":[{"email":"a@b"}]}`) {
		t.Errorf("issuer: %s", got.body)
	}
	got = g.must(200, "PATCH", "/certificates/issuers/pending", `{"attributes":{"enabled":false}}`)
	if !strings.Contains(got.body, `"credentials":{"account_id":"u"}`) || !strings.Contains(got.body, `"enabled":false`) {
		t.Errorf("patched issuer: %s", got.body)
	}
	want := `{"value":[{"id":"https://` + testHost + `/certificates/issuers/pending","provider":"Test"}],"nextLink":null}`
	if got := g.must(200, "GET", "/certificates/issuers/", "").body; got != want {
		t.Errorf("issuers: %s, want %s", got, want)
	}
	g.must(200, "DELETE", "/certificates/issuers/pending", "")
	if got := g.must(404, "GET", "/certificates/issuers/pending", ""); got.code() != "CertificateIssuerNotFound" {
		t.Errorf("gone issuer: %s", got.body)
	}
	if strings.Contains(g.log.String(), "s3cret") {
		t.Error("the password is in the log")
	}

	if got := g.must(404, "GET", "/certificates/contacts", ""); got.code() != "ContactsNotFound" {
		t.Errorf("no contacts: %s", got.body)
	}
	contacts := `{"id":"https://` + testHost + `/certificates/contacts","contacts":[{"email":"a@b.c","name":"A"},{"email":"d@e.f","phone":"1"}]}`
	if got := g.must(200, "PUT", "/certificates/contacts", contacts).body; got != contacts {
		t.Errorf("contacts: %s", got)
	}
	for _, m := range []string{"GET", "DELETE"} {
		if got := g.must(200, m, "/certificates/contacts", "").body; got != contacts {
			t.Errorf("%s contacts: %s", m, got)
		}
	}
}

func TestFaultsAreHidden(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	rt, err := newRouter([]row{
		{"GET", "/panic", "Panic", func(*service.Service, *call) (answer, error) { panic("inside: s3cret-ish") }, 0, ""},
		{"GET", "/fault", "Fault", func(*service.Service, *call) (answer, error) { return answer{}, errors.New("disk on fire") }, 0, ""},
		{"GET", "/busy", "Busy", func(*service.Service, *call) (answer, error) {
			return answer{}, &vault.Error{Reason: vault.Unavailable, Code: "Unavailable", Message: "later"}
		}, 0, ""},
	})
	must.Do(t, err)
	g.handler.routes = rt
	for path, inside := range map[string]string{"/panic": "s3cret-ish", "/fault": "disk on fire"} {
		got := g.must(500, "GET", path, "")
		id := got.header.Get("x-ms-request-id")
		if got.code() != "InternalServerError" || strings.Contains(got.body, inside) || !strings.Contains(got.message(), id) {
			t.Errorf("%s: %s", path, got.body)
		}
		if log := g.log.String(); !strings.Contains(log, inside) || !strings.Contains(log, id) {
			t.Errorf("%s: the log lacks the cause or the request id: %s", path, log)
		}
		if o := g.seenLast(); o.Status != 500 || o.RequestID != id {
			t.Errorf("%s: observed %+v", path, o)
		}
	}
	if !strings.Contains(g.log.String(), "stack") {
		t.Error("a panic's stack is not in the log")
	}
	if got := g.must(503, "GET", "/busy", ""); got.header.Get("Retry-After") != "1" {
		t.Errorf("503 with Retry-After %q, want 1", got.header.Get("Retry-After"))
	}
}

func TestNewNeedsItsParts(t *testing.T) {
	t.Parallel()
	if _, err := New(Handler{}); err == nil {
		t.Error("an empty handler was taken")
	}
}

// TestOverTheWire goes through a real connection: lengths are told, a body that
// is too large is refused without reading it all, HEAD has no body.
func TestOverTheWire(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	server := httptest.NewTLSServer(g.handler)
	t.Cleanup(server.Close)
	ask := func(method, path string, body io.Reader) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequest(method, server.URL+path+"?api-version=7.4", body)
		must.Do(t, err)
		r.Header.Set("Authorization", "Bearer token")
		resp, err := server.Client().Do(r)
		must.Do(t, err)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		must.Do(t, err)
		return resp, string(b)
	}
	resp, body := ask("GET", "//certificates//", nil)
	if resp.StatusCode != 200 || resp.ContentLength != int64(len(body)) || len(resp.TransferEncoding) > 0 {
		t.Errorf("GET: %d, length %d of %d, encoding %v", resp.StatusCode, resp.ContentLength, len(body), resp.TransferEncoding)
	}
	chunked := struct{ io.Reader }{strings.NewReader(strings.Repeat(" ", maxBody+1))}
	if resp, body = ask("POST", "/certificates/web/create", chunked); resp.StatusCode != 413 || !strings.Contains(body, "RequestEntityTooLarge") {
		t.Errorf("a large body of unknown length: %d %s", resp.StatusCode, body)
	}
	if resp, body = ask("HEAD", "/certificates", nil); resp.StatusCode != 405 || body != "" || resp.Header.Get("Allow") != "GET" {
		t.Errorf("HEAD: %d %q, Allow %q", resp.StatusCode, body, resp.Header.Get("Allow"))
	}
}
