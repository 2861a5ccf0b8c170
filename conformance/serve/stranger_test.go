package serve_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"certwright/conformance/serve"
	"certwright/internal/must"
)

// raw sends bytes to the https listener over HTTP/1.1, or to the side door, and
// returns the first answer; nil where the connection was closed without one.
func raw(t *testing.T, s *serve.Server, sni, text string) *http.Response {
	t.Helper()
	var conn net.Conn
	var err error
	if sni == "" {
		conn, err = net.Dial("tcp", strings.TrimPrefix(s.Side, "http://"))
	} else {
		config := s.HTTP.Transport.(*http.Transport).TLSClientConfig.Clone()
		config.ServerName, config.NextProtos = sni, []string{"http/1.1"}
		conn, err = tls.Dial("tcp", "127.0.0.1:"+s.Port, config)
	}
	must.Do(t, err)
	t.Cleanup(func() { conn.Close() })
	must.Do(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	_, err = io.WriteString(conn, strings.ReplaceAll(text, "\n", "\r\n"))
	must.Do(t, err)
	answer, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: strings.SplitN(text, " ", 2)[0]})
	if err != nil {
		return nil
	}
	body, _ := io.ReadAll(answer.Body)
	answer.Body = io.NopCloser(strings.NewReader(string(body)))
	return answer
}

func bodyOf(a *http.Response) string {
	text, _ := io.ReadAll(a.Body)
	return string(text)
}

// Whatever a stranger sends to the vaults, the challenge is the answer; 400 where
// what was sent is no request.
func TestStrangerAtTheVaults(t *testing.T) {
	t.Parallel()
	h, _, _ := withTokens(t)
	s := h.Start(t)
	paths := []string{"/", "//", "/certificates", "/certificates/x", "/CERTIFICATES/x/Pending", "/secrets/x?api-version=7.4", "/keys/x/sign", "/certificates/restore",
		"/certificates/%2e%2e/x", "/secrets/x%2fy", "/%00", "/deletedsecrets", "/rng", "/admin/clock", "/admin/reset", "/admin/operations", "/metrics", "/healthz", "/readyz", "/ca.pem", "/pki/internal.crl",
		"/.well-known/acme-challenge/x", "/msi/token?resource=r", "/metadata/identity/oauth2/token?resource=r", "/subscriptions?api-version=2022-01-01",
		"/subscriptions/x/resourceGroups/y/providers/Microsoft.KeyVault/vaults/web", "/metadata/endpoints", "/debug/pprof/", "/console", "/adfs/../secrets/x", "/" + strings.Repeat("a", 9000)}
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"} {
		for _, path := range paths {
			for _, host := range []string{"web.vault.localhost:" + s.Port, "nowhere.vault.localhost"} {
				if method != "GET" && method != "POST" && host != "nowhere.vault.localhost" {
					continue
				}
				a := raw(t, s, "web.vault.localhost", fmt.Sprintf("%s %s HTTP/1.1\nHost: %s\nX-HTTP-METHOD: DELETE\nContent-Length: 0\nConnection: close\n\n", method, path, host))
				if a == nil {
					t.Errorf("%s %.60s at %s: no answer", method, path, host)
					continue
				}
				want := `Bearer authorization="https://` + host + `/adfs", resource="https://vault.localhost`
				body := bodyOf(a)
				if a.StatusCode != 401 || !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), want) || method != "HEAD" && !strings.Contains(body, "AKV10000") {
					t.Errorf("%s %.60s at %s: %d %q %s", method, path, host, a.StatusCode, a.Header.Get("WWW-Authenticate"), body)
				}
			}
		}
	}
	for name, text := range map[string]string{
		"absolute form, another vault": "GET https://shop.vault.localhost/secrets HTTP/1.1\nHost: web.vault.localhost\n\n",
		"absolute form, http":          "GET http://web.vault.localhost/secrets HTTP/1.1\nHost: x\n\n",
		"asterisk":                     "OPTIONS * HTTP/1.1\nHost: web.vault.localhost\n\n",
		"authority form":               "CONNECT web.vault.localhost:443 HTTP/1.1\nHost: web.vault.localhost:443\n\n",
		"HTTP/1.0 without a host":      "GET /secrets HTTP/1.0\n\n",
		"a host with a user":           "GET /secrets HTTP/1.1\nHost: a@web.vault.localhost\n\n",
		"a host that is not one":       "GET /secrets HTTP/1.1\nHost: \"x\", b=\n\n",
		"basic":                        "GET /secrets HTTP/1.1\nHost: web.vault.localhost\nAuthorization: Basic YTpi\n\n",
		"two tokens":                   "GET /secrets HTTP/1.1\nHost: web.vault.localhost\nAuthorization: Bearer a.b.c\nAuthorization: Bearer a.b.c\n\n",
		"a token in the query":         "GET /secrets?access_token=a.b.c HTTP/1.1\nHost: web.vault.localhost\n\n",
		"a token in a cookie":          "GET /secrets HTTP/1.1\nHost: web.vault.localhost\nCookie: access_token=a.b.c\n\n",
		"who says that he signed in":   "GET /secrets HTTP/1.1\nHost: web.vault.localhost\nX-Forwarded-Client-Cert: Subject=admin\nX-Forwarded-User: admin\nX-MS-CLIENT-PRINCIPAL-ID: admin\nX-Forwarded-For: 127.0.0.1\n\n",
		"an upgrade":                   "GET /secrets HTTP/1.1\nHost: web.vault.localhost\nConnection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\n\n",
		"two lengths":                  "POST /secrets HTTP/1.1\nHost: web.vault.localhost\nContent-Length: 4\nTransfer-Encoding: chunked\n\n0\n\n",
		"a large body that never ends": "POST /certificates/restore HTTP/1.1\nHost: web.vault.localhost\nContent-Length: 9999999\n\n{",
	} {
		a := raw(t, s, "web.vault.localhost", text)
		if a == nil || a.StatusCode != 401 && a.StatusCode != 400 {
			t.Errorf("%s: %+v", name, a)
			continue
		}
		if c := a.Header.Get("WWW-Authenticate"); a.StatusCode == 401 && (strings.Count(c, `"`) != 4 || strings.Count(c, "=") != 2) {
			t.Errorf("%s: the challenge is %s", name, c)
		}
		if lengths := name == "two lengths"; lengths != strings.Contains(bodyOf(a), "send one of them") {
			t.Errorf("%s: %d", name, a.StatusCode)
		}
	}
}

// At the side door a stranger gets health, the CA's and the authorities' pages, and
// metrics under the server's own names; nothing of a development server is there.
func TestStrangerAtTheSideDoor(t *testing.T) {
	t.Parallel()
	h, _, _ := withTokens(t)
	s := h.Start(t)
	own := strings.TrimPrefix(s.Side, "http://")
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/ca.pem": 404, "/pki/internal.crl": 404, "/.well-known/acme-challenge/x": 404,
		"/admin/clock": 404, "/admin/reset": 404, "/msi/token?resource=r": 404, "/metadata/identity/oauth2/token?resource=r": 404, "/adfs/oauth2/token": 404, "/subscriptions": 404,
		"/debug/pprof/": 404, "/certificates": 404, "/": 404, "//admin//operations": 404, "/admin/../metrics": 404, "/ADMIN/operations": 404, "/admin%2foperations": 401,
		"/admin/outbox": 401, "/admin/outbox/dead": 401, "/admin/outbox/resend": 401, "/admin/events": 401, "/admin/operations": 401, "/admin/operations/web/x": 401, "/admin/retry": 401, "/admin/revoke": 401,
		"/admin/issuers/web/x/account": 401, "/admin/ca/Internal/rollover": 401} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			a := raw(t, s, "", fmt.Sprintf("%s %s HTTP/1.1\nHost: %s\nContent-Length: 2\nConnection: close\n\n{}", method, path, own))
			if a == nil {
				t.Errorf("%s %s: no answer", method, path)
				continue
			}
			if want := want; a.StatusCode != want && (method == "GET" || want != 200 || a.StatusCode != 405) && !(want == 404 && a.StatusCode == 405 && path != "/admin/clock" && path != "/admin/reset") {
				t.Errorf("%s %s: %d %s, want %d", method, path, a.StatusCode, bodyOf(a), want)
			}
			if a.StatusCode == 401 && !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer ") {
				t.Errorf("%s %s: no challenge", method, path)
			}
		}
	}
	for _, path := range []string{"/metrics", "/admin/operations"} {
		if a := raw(t, s, "", "GET "+path+" HTTP/1.1\nHost: rebound.example\nConnection: close\n\n"); a == nil || a.StatusCode != 403 {
			t.Errorf("%s under a foreign name: %+v", path, a)
		}
	}
	if a := raw(t, s, "", "GET http://rebound.example/metrics HTTP/1.1\nHost: "+own+"\nConnection: close\n\n"); a == nil || a.StatusCode != 403 {
		t.Errorf("metrics in absolute form under a foreign name: %+v", a)
	}
}

// as is a request of a signed-in caller over HTTP/1.1.
func as(token, method, path, host, more string) string {
	return fmt.Sprintf("%s %s HTTP/1.1\nHost: %s\nAuthorization: Bearer %s\nContent-Type: application/json\nConnection: close\n%s\n", method, path, host, token, more)
}

func withBody(body string) string { return fmt.Sprintf("Content-Length: %d\n\n%s", len(body), body) }

// apart is a server with two vaults, each with a secret and a caller who may do
// everything in that vault alone.
func apart(t *testing.T, more ...string) (h *serve.House, s *serve.Server, web, shop string) {
	t.Helper()
	h = serve.New(t)
	h.Nodes["access"] = "{assignments: [{role: Key Vault Administrator, to: {issuer: corp, subject: webber}, on: /vaults/web}, " +
		"{role: Key Vault Administrator, to: {issuer: corp, subject: shopper}, on: /vaults/shop}" + strings.Join(more, "") + "]}"
	s = h.Start(t)
	web, shop = h.Issuer.Token("webber", nil), h.Issuer.Token("shopper", nil)
	for vault, token := range map[string]string{"web": web, "shop": shop} {
		if got := s.Ask(t, "PUT", s.Vault(vault)+"/secrets/common", token, `{"value":"of-`+vault+`"}`); got.Status != 200 {
			t.Fatalf("%s: %+v", vault, got)
		}
	}
	return h, s, web, shop
}

// No spelling of a host, a path or a method leads from one vault to another.
func TestVaultsNeverSeeEachOther(t *testing.T) {
	t.Parallel()
	_, s, web, _ := apart(t)
	const v = "?api-version=7.4"
	for name, text := range map[string]string{
		"the other's host":         as(web, "GET", "/secrets/common"+v, "shop.vault.localhost", ""),
		"upper case":               as(web, "GET", "/secrets/common"+v, "SHOP.vault.localhost", ""),
		"a trailing dot":           as(web, "GET", "/secrets/common"+v, "shop.vault.localhost.", ""),
		"a port":                   as(web, "GET", "/secrets/common"+v, "shop.vault.localhost:443", ""),
		"absolute form":            as(web, "GET", "https://shop.vault.localhost/secrets/common"+v, "web.vault.localhost", ""),
		"another domain":           as(web, "GET", "/secrets/common"+v, "shop.vault.azure.net", ""),
		"one label":                as(web, "GET", "/secrets/common"+v, "shop", ""),
		"a user":                   as(web, "GET", "/secrets/common"+v, "web@shop.vault.localhost", ""),
		"an encoded host":          as(web, "GET", "/secrets/common"+v, "s%68op.vault.localhost", ""),
		"forwarded":                as(web, "GET", "/secrets/common"+v, "shop.vault.localhost", "X-Forwarded-Host: web.vault.localhost\nX-Original-Host: web.vault.localhost\n"),
		"a list":                   as(web, "GET", "/secrets"+v, "shop.vault.localhost", ""),
		"deleted":                  as(web, "GET", "/deletedsecrets"+v, "shop.vault.localhost", ""),
		"climbing":                 as(web, "GET", "/../shop/secrets/common"+v, "shop.vault.localhost", ""),
		"a method in a header":     as(web, "POST", "/secrets/common"+v, "shop.vault.localhost", "X-HTTP-METHOD: GET\n"+withBody("")),
		"a backup":                 as(web, "POST", "/secrets/common/backup"+v, "shop.vault.localhost", withBody("")),
		"an undeclared vault":      as(web, "GET", "/secrets/common"+v, "other.vault.localhost", ""),
		"a vault with a strange i": as(web, "GET", "/secrets/common"+v, "sh\u00f6p.vault.localhost", ""),
	} {
		a := raw(t, s, "web.vault.localhost", text)
		if a == nil {
			t.Errorf("%s: no answer", name)
			continue
		}
		if body := bodyOf(a); a.StatusCode < 400 || strings.Contains(body, "of-shop") || strings.Contains(body, "of-web") {
			t.Errorf("%s: %d %s", name, a.StatusCode, body)
		}
	}
	for name, host := range map[string]string{"absolute form": "shop.vault.localhost", "upper case": "WEB.VAULT.LOCALHOST:443"} {
		target := "/secrets/common" + v
		if name == "absolute form" {
			target = "https://web.vault.localhost" + target
		}
		if a := raw(t, s, "shop.vault.localhost", as(web, "GET", target, host, "")); a == nil || a.StatusCode != 200 || !strings.Contains(bodyOf(a), "of-web") {
			t.Errorf("its own vault, %s: %+v", name, a)
		}
	}
}

// What one vault gave out means nothing at another without permission there.
func TestNothingIsCarriedAcross(t *testing.T) {
	t.Parallel()
	_, s, web, shop := apart(t)
	at := func(vault, path string) string { return s.Vault(vault) + path }
	blob := s.Ask(t, "POST", at("web", "/secrets/common/backup"), web, "").Text("value")
	if blob == "" {
		t.Fatal("no backup")
	}
	if got := s.Ask(t, "POST", at("shop", "/secrets/restore"), web, `{"value":"`+blob+`"}`); got.Status != 403 {
		t.Errorf("a restore into a vault of others: %d %s", got.Status, got.Body)
	}
	if got := s.Ask(t, "POST", at("shop", "/certificates/restore"), shop, `{"value":"`+blob+`"}`); got.Status != 400 {
		t.Errorf("a restore as another kind: %d %s", got.Status, got.Body)
	}
	if got := s.Ask(t, "POST", at("shop", "/secrets/restore"), shop, `{"value":"`+blob+`"}`); got.Status != 409 || strings.Contains(got.Body, "of-web") {
		t.Errorf("a restore over a name that is there: %d %s", got.Status, got.Body)
	}
	if got := s.Ask(t, "GET", at("shop", "/secrets/common"), shop, ""); got.Text("value") != "of-shop" {
		t.Errorf("the secret of shop is %s", got.Body)
	}

	const policy = `{"policy":{"issuer":{"name":"Unknown"},"x509_props":{"subject":"CN=x"},"key_props":{"kty":"EC","crv":"P-256"}}}`
	made := s.Ask(t, "POST", at("web", "/certificates/site/create"), web, policy)
	id := made.Text("request_id")
	if made.Status != 202 || id == "" {
		t.Fatalf("create: %+v", made)
	}
	for _, path := range []string{"/certificates/site/pending?request_id=" + id, "/certificates/site/pending", "/certificates/site", "/secrets/site", "/keys/site", "/secrets/site/" + id} {
		if got := s.Ask(t, "GET", at("shop", path), shop, ""); got.Status != 404 {
			t.Errorf("%s at the other vault: %d %s", path, got.Status, got.Body)
		}
	}
	for i := range 30 {
		s.Ask(t, "PUT", at("web", fmt.Sprintf("/secrets/n%02d", i)), web, `{"value":"x"}`)
	}
	next := s.Ask(t, "GET", at("web", "/secrets?maxresults=5"), web, "").Text("nextLink")
	there := strings.Replace(next, "web.vault", "shop.vault", 1)
	if next == "" || there == next {
		t.Fatalf("nextLink %q", next)
	}
	if got := s.Ask(t, "GET", there, web, ""); got.Status != 403 {
		t.Errorf("the next page at the other vault: %d %s", got.Status, got.Body)
	}
	if got := s.Ask(t, "GET", there, shop, ""); strings.Contains(got.Body, "n1") || strings.Contains(got.Body, "web.vault") {
		t.Errorf("the next page at the other vault shows names of the first: %s", got.Body)
	}
}

// No way round a permission: a method in a header asks for that method's, spellings
// of paths are one path, HEAD is none, and what is kept in memory is not for all.
func TestNoWayRoundPermissions(t *testing.T) {
	t.Parallel()
	h, s, web, _ := apart(t, ", {role: Key Vault Reader, to: {issuer: corp, subject: reader}, on: /vaults/web}",
		", {role: Key Vault Secrets User, to: {issuer: corp, subject: narrow}, on: '/vaults/web/secrets/shop-*'}",
		", {role: Key Vault Certificates Officer, to: {issuer: corp, subject: officer}, on: /vaults/web}")
	reader, narrow, officer := h.Issuer.Token("reader", nil), h.Issuer.Token("narrow", nil), h.Issuer.Token("officer", nil)
	for _, name := range []string{"shop-1", "other"} {
		s.Ask(t, "PUT", s.Vault("web")+"/secrets/"+name, web, `{"value":"value-of-`+name+`"}`)
	}
	for range 5 { // what is rendered is kept
		if got := s.Ask(t, "GET", s.Vault("web")+"/secrets/other", web, ""); got.Text("value") != "value-of-other" {
			t.Fatalf("%+v", got)
		}
	}
	const host, v = "web.vault.localhost", "?api-version=7.4"
	for name, text := range map[string]string{
		"a kept secret":                  as(reader, "GET", "/secrets/other"+v, host, ""),
		"HEAD":                           as(reader, "HEAD", "/secrets/other"+v, host, ""),
		"DELETE by a header":             as(reader, "POST", "/secrets/other"+v, host, "X-HTTP-METHOD: DELETE\n"+withBody("")),
		"PUT by a header":                as(reader, "POST", "/secrets/other"+v, host, "x-http-request: put\n"+withBody(`{"value":"x"}`)),
		"PATCH by a header":              as(reader, "POST", "/secrets/other"+v, host, "X-HTTP-METHOD: patch\n"+withBody(`{"tags":{}}`)),
		"two methods":                    as(reader, "POST", "/secrets/other"+v, host, "X-HTTP-METHOD: GET\nX-HTTP-METHOD: DELETE\n"+withBody("")),
		"upper case":                     as(narrow, "GET", "/SECRETS/OTHER"+v, host, ""),
		"double slashes":                 as(narrow, "GET", "//secrets//other//"+v, host, ""),
		"an encoded letter":              as(narrow, "GET", "/secrets/%6fther"+v, host, ""),
		"climbing from what is granted":  as(narrow, "GET", "/secrets/shop-1/../other"+v, host, ""),
		"an encoded climb":               as(narrow, "GET", "/secrets/shop-1%2f..%2fother"+v, host, ""),
		"an encoded slash":               as(narrow, "GET", "/secrets/shop-1%2fother"+v, host, ""),
		"a version that is a name":       as(narrow, "GET", "/secrets/shop-1/other"+v, host, ""),
		"a null":                         as(narrow, "GET", "/secrets/shop-%00other"+v, host, ""),
		"a glob":                         as(narrow, "GET", "/secrets/*"+v, host, ""),
		"a list by a narrow grant":       as(narrow, "GET", "/secrets"+v, host, ""),
		"a write by a narrow grant":      as(narrow, "PUT", "/secrets/shop-1"+v, host, withBody(`{"value":"x"}`)),
		"the key of a narrow grant":      as(narrow, "GET", "/keys/shop-1"+v, host, ""),
		"versions of another":            as(narrow, "GET", "/secrets/other/versions"+v, host, ""),
		"a secret by a certificate role": as(officer, "GET", "/secrets/other"+v, host, ""),
		"a secret named like a word":     as(officer, "PUT", "/secrets/pending"+v, host, withBody(`{"value":"x"}`)),
		"a random number":                as(officer, "POST", "/rng"+v, host, withBody(`{"count":1}`)),
	} {
		a := raw(t, s, host, text)
		if a == nil {
			t.Errorf("%s: no answer", name)
			continue
		}
		if body := bodyOf(a); a.StatusCode < 400 || a.StatusCode >= 500 || strings.Contains(body, "value-of-other") {
			t.Errorf("%s: %d %s", name, a.StatusCode, body)
		}
	}
	for _, path := range []string{"/secrets/shop-1", "/SECRETS/Shop-1", "//secrets/shop%2d1/"} {
		if a := raw(t, s, host, as(narrow, "GET", path+v, host, "")); a == nil || a.StatusCode != 200 || !strings.Contains(bodyOf(a), "value-of-shop-1") {
			t.Errorf("%s, which is granted: %+v", path, a)
		}
	}
	if got := s.Ask(t, "GET", s.Vault("web")+"/secrets/other", web, ""); got.Text("value") != "value-of-other" {
		t.Errorf("somebody changed it: %+v", got)
	}

	// An officer has certificates made, and reads no key of theirs.
	const policy = `{"policy":{"issuer":{"name":"Self"},"x509_props":{"subject":"CN=x"},"key_props":{"kty":"EC","crv":"P-256","exportable":true}}}`
	if got := s.Ask(t, "POST", s.Vault("web")+"/certificates/site/create", officer, policy); got.Status != 202 {
		t.Fatalf("create: %+v", got)
	}
	if got := s.Ask(t, "GET", s.Vault("web")+"/certificates/site", officer, ""); got.Status != 200 {
		t.Errorf("its certificate: %+v", got)
	}
	for _, path := range []string{"/secrets/site", "/keys/site", "/secrets/site/versions"} {
		if got := s.Ask(t, "GET", s.Vault("web")+path, officer, ""); got.Status != 403 {
			t.Errorf("%s by who may have certificates made: %d %s", path, got.Status, got.Body)
		}
	}
	for _, path := range []string{"/admin/operations", "/admin/outbox", "/admin/events"} {
		if got := s.Ask(t, "GET", s.Side+path, officer, ""); got.Status != 403 {
			t.Errorf("%s by who may do nothing there: %d %s", path, got.Status, got.Body)
		}
	}
}
