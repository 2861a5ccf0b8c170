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
	"time"

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

func TestCreateAndPoll(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	got := g.must(202, "POST", "//certificates/Web/create", selfPolicy)
	id := got.json()["request_id"].(string)
	if want := "https://" + testHost + "/certificates/Web/pending?api-version=7.4&request_id=" + id; got.header.Get("Location") != want {
		t.Errorf("Location %q, want %q", got.header.Get("Location"), want)
	}
	if got.header.Get("Retry-After") != "10" || got.json()["status"] != "inProgress" {
		t.Errorf("Retry-After %q, status %v; want 10 and inProgress", got.header.Get("Retry-After"), got.json()["status"])
	}
	if o := g.seenLast(); o.Vault != "web" || o.Operation != "CreateCertificate" || o.Status != 202 || o.Method != "POST" || o.Bytes != int64(len(got.body)) ||
		o.RequestID != got.header.Get("x-ms-request-id") || o.Path != "//certificates/Web/create" {
		t.Errorf("observed %+v", o)
	}

	got = g.must(200, "GET", "/certificates/web/pending?request_id="+id, "")
	if got.header.Get("Retry-After") != "" || got.json()["status"] != "completed" {
		t.Errorf("Retry-After %q, status %v; want none and completed", got.header.Get("Retry-After"), got.json()["status"])
	}
	if want := "https://" + testHost + "/certificates/Web?api-version=7.4"; got.json()["target"] != want {
		t.Errorf("target %v, want %s", got.json()["target"], want)
	}
	if got := g.must(404, "GET", "/certificates/web/pending?request_id=00000000000000000000000000000000", ""); got.code() != "PendingCertificateNotFound" {
		t.Errorf("another request_id: %s", got.body)
	}

	latest := g.must(200, "GET", "/certificates/web/", "").json()
	version := latest["id"].(string)[strings.LastIndexByte(latest["id"].(string), '/')+1:]
	one := g.must(200, "GET", "/certificates/web/"+version, "").json()
	for name, want := range map[string]bool{"policy": false, "pending": false, "serialnumber": true, "cer": true} {
		if _, has := one[name]; has != want {
			t.Errorf("version has %s: %v, want %v", name, has, want)
		}
	}
	for _, path := range []string{"/keys/web", "/keys/web/", "/keys/web/" + version, "/secrets/web/", "/secrets/WEB/" + version, "/certificates/web/policy"} {
		g.must(200, "GET", path, "")
	}
	patched := g.must(200, "PATCH", "/certificates/web/"+version, `{"tags":{"a":"b"}}`).json()
	if _, has := patched["policy"]; has || patched["pending"] == nil {
		t.Errorf("a patched version shows policy or hides pending: %v", patched)
	}
}

func TestManualOperationWaits(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	g.handler.RetryAfter = 1500 * time.Millisecond
	g.must(202, "POST", "/certificates/m/create", `{"policy":{"x509_props":{"subject":"CN=m"},"key_props":{"kty":"EC"}}}`)
	got := g.must(200, "GET", "/certificates/m/pending", "")
	if got.header.Get("Retry-After") != "2" || got.json()["status"] != "inProgress" {
		t.Errorf("Retry-After %q, status %v; want 2 (whole seconds) and inProgress", got.header.Get("Retry-After"), got.json()["status"])
	}

	r := request("GET", "/certificates/m/pending?api-version=7.4", "")
	r.Header.Set("Accept", "text/plain;q=0.5, application/pkcs10")
	text := g.serve(r)
	if text.status != 200 || text.body != got.json()["csr"] || text.header.Get("Content-Type") != "application/pkcs10" {
		t.Errorf("the CSR as text: %d %s %q", text.status, text.header.Get("Content-Type"), text.body)
	}

	got = g.must(200, "PATCH", "/certificates/m/pending", `{"cancellation_requested":true}`)
	if got.header.Get("Retry-After") != "" || got.json()["cancellation_requested"] != true || got.json()["status"] != "inProgress" {
		t.Errorf("cancel: Retry-After %q, %s", got.header.Get("Retry-After"), got.body)
	}
	got = g.must(200, "DELETE", "/certificates/m/pending", "")
	if got.header.Get("Retry-After") != "" || got.json()["status"] != "inProgress" {
		t.Errorf("delete: Retry-After %q, %s", got.header.Get("Retry-After"), got.body)
	}
	g.must(404, "GET", "/certificates/m/pending", "")
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

func TestDeleteRecoverPurge(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	g.must(202, "POST", "/certificates/web/create", selfPolicy)
	g.must(200, "GET", "/certificates/web/pending", "")
	got := g.must(200, "DELETE", "/certificates/web", "")
	if !strings.HasPrefix(got.body, `{"recoveryId":"https://`+testHost+`/deletedcertificates/web","deletedDate":`) {
		t.Errorf("deleted: %s", got.body)
	}
	for path, listed := range map[string]int{"/deletedcertificates/web": 1, "/deletedkeys/web": 0, "/deletedsecrets/web": 0} {
		if got := g.must(200, "GET", path, "").json(); got["recoveryId"] != "https://"+testHost+path {
			t.Errorf("%s: %v", path, got)
		}
		list, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		if items := g.must(200, "GET", "/"+list, "").json()["value"].([]any); len(items) != listed {
			t.Errorf("%s lists %v", list, items)
		}
	}
	if secret := g.do("GET", "/deletedsecrets/web", ""); strings.Contains(secret.body, `"value"`) {
		t.Errorf("a deleted secret shows its value: %s", secret.body)
	}
	g.must(200, "POST", "/deletedcertificates/web/recover", "")
	g.must(200, "DELETE", "/certificates/web", "")
	purged := g.must(204, "DELETE", "/deletedcertificates/web", "")
	if purged.body != "" || purged.header.Get("Content-Type") != "" || purged.header.Get("Content-Length") != "" {
		t.Errorf("purge has a body or its headers: %q %v", purged.body, purged.header)
	}
	g.must(404, "GET", "/deletedcertificates/web", "")
}

func TestManagedObjectsRefuseWrites(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	g.must(202, "POST", "/certificates/web/create", selfPolicy)
	g.must(200, "GET", "/certificates/web/", "")
	for _, tt := range []struct{ method, path, verb string }{
		{"PUT", "/secrets/web", "set"}, {"PATCH", "/secrets/web", "update"}, {"PATCH", "/secrets/web/" + testID, "update"},
		{"DELETE", "/secrets/web", "delete"}, {"POST", "/secrets/web/backup", "backup"},
		{"POST", "/keys/web/create", "create"}, {"PUT", "/keys/web", "import"}, {"PATCH", "/keys/web/", "update"},
		{"PATCH", "/keys/web/" + testID, "update"}, {"DELETE", "/keys/web", "delete"}, {"POST", "/keys/web/backup", "backup"},
		{"POST", "/keys/web/rotate", "rotate"},
	} {
		got := g.do(tt.method, tt.path, `{"value":"x","kty":"EC","key":`+ecJWK+`}`)
		kind := "Secret"
		if strings.HasPrefix(tt.path, "/keys") {
			kind = "Key"
		}
		if got.status != 403 || got.code() != "Forbidden/"+kind+"ManagedByKeyVault" || !strings.HasPrefix(got.message(), `Operation "`+tt.verb+`" is not allowed`) {
			t.Errorf("%s %s: %d %s", tt.method, tt.path, got.status, got.body)
		}
	}
}

func TestPlainSecrets(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	got := g.must(200, "PUT", "/secrets/s", `{"value":"","contentType":"text/plain","attributes":{"nbf":1,"exp":2000000000},"tags":{"a":"b"}}`)
	id := got.json()["id"].(string)
	want := `{"value":"","contentType":"text/plain","id":"` + id + `","attributes":{"enabled":true,"nbf":1,"exp":2000000000,"created":1795348800,"updated":1795348800,` +
		`"recoveryLevel":"Recoverable+Purgeable","recoverableDays":90},"tags":{"a":"b"}}`
	head := "{" + strings.TrimPrefix(want, `{"value":"",`)
	if got.body != want {
		t.Errorf("set: %s, want %s", got.body, want)
	}
	if got := g.must(200, "GET", "/secrets/S/", "").body; got != want {
		t.Errorf("get: %s, want %s", got, want)
	}
	if got := g.must(200, "PATCH", "/secrets/s/", `{"attributes":{}}`).body; got != head {
		t.Errorf("patch: %s, want %s", got, head)
	}
	blob := g.must(200, "POST", "/secrets/s/backup", "").body
	deleted := g.must(200, "DELETE", "/secrets/s", "").body
	if !strings.HasPrefix(deleted, `{"recoveryId":"https://`+testHost+`/deletedsecrets/s","deletedDate":`) || !strings.HasSuffix(deleted, head[1:]) {
		t.Errorf("delete: %s", deleted)
	}
	if got := g.must(200, "GET", "/deletedsecrets/s", "").body; got != deleted {
		t.Errorf("deleted: %s, want %s", got, deleted)
	}
	if got := g.must(200, "POST", "/deletedsecrets/s/recover", "").body; got != head {
		t.Errorf("recover: %s, want %s", got, head)
	}
	g.must(200, "DELETE", "/secrets/s", "")
	g.must(204, "DELETE", "/deletedsecrets/s", "")
	if got := g.must(200, "POST", "/secrets/restore", blob).body; got != head {
		t.Errorf("restore: %s, want %s", got, head)
	}
	for body, says := range map[string]string{
		`{}`: "value is missing", `{"value":1}`: "value must be a string", `{"value":"x","attributes":{"exp":-1}}`: "attributes.exp must be a time",
		`{"value":"x","attributes":{"nbf":1e300}}`: "attributes.nbf must be a time", `{"value":"x","attributes":{"nbf":5,"exp":4}}`: "attributes.exp must be later",
	} {
		if got := g.must(400, "PUT", "/secrets/t", body); !strings.Contains(got.message(), says) {
			t.Errorf("%s: %s, want %q", body, got.body, says)
		}
	}
}

func TestSecretInAnotherForm(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	g.must(202, "POST", "/certificates/web/create", selfPolicy)
	g.must(200, "GET", "/certificates/web/", "")
	const form = "/secrets/web?outContentType=application/x-pem-file&api-version="
	if got := g.must(200, "GET", form+"2025-07-01", "").json(); got["contentType"] != vault.PEM || !strings.Contains(got["value"].(string), "PRIVATE KEY") {
		t.Errorf("as PEM: %v", got["contentType"])
	}
	for asked, want := range map[string]string{"APPLICATION/X-PEM-FILE": vault.PEM, "Application/x-PKCS12": vault.PKCS12} {
		if got := g.must(200, "GET", "/secrets/web?api-version=2025-07-01&outContentType="+asked, "").json(); got["contentType"] != want {
			t.Errorf("as %s: %v", asked, got["contentType"])
		}
	}
	if got := g.must(200, "GET", form+"7.4", "").json(); got["contentType"] != vault.PKCS12 {
		t.Errorf("7.4 knows outContentType: %v", got["contentType"])
	}
	if got := g.must(400, "GET", "/secrets/web?outContentType=text/plain&api-version=2025-07-01", ""); got.code() != "BadParameter" {
		t.Errorf("as text: %s", got.body)
	}
}

func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	g.must(202, "POST", "/certificates/web/create", selfPolicy)
	before := g.must(200, "GET", "/certificates/web/", "").json()
	blob := g.must(200, "POST", "/certificates/web/backup", "").body
	if !regexp.MustCompile(`^\{"value":"[0-9A-Za-z_-]+"\}$`).MatchString(blob) {
		t.Fatalf("a backup is base64url without padding, got %.80s", blob)
	}
	if got := g.must(409, "POST", "/certificates/restore", blob); !strings.Contains(got.message(), "'https://"+testHost+"/certificates/web") {
		t.Errorf("restore over a live name: %s", got.body)
	}
	g.must(200, "DELETE", "/certificates/web", "")
	g.must(204, "DELETE", "/deletedcertificates/web", "")
	after := g.must(200, "POST", "/certificates/restore", strings.Replace(blob, `"}`, `=="}`, 1)).json()
	if after["id"] != before["id"] || after["pending"] != nil || after["policy"] == nil {
		t.Errorf("restored %v, want the id %v, a policy and nothing pending", after, before["id"])
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	for i := range 5 {
		g.must(202, "POST", fmt.Sprintf("/certificates/c%d/create", i), selfPolicy)
		if i != 2 {
			g.must(200, "GET", fmt.Sprintf("/certificates/c%d", i), "")
		}
	}
	for _, tt := range []struct {
		query string
		want  string
	}{
		{"", "c0 c1 c3 c4"},
		{"?maxresults=1", "c0,c1,c3,c4"},
		{"?maxresults=3&includePending=false", "c0 c1 c3,c4"},
		{"?maxresults=2&includePending=true", "c0 c1,c2 c3,c4"},
		{"?includepending=TRUE", "c0 c1 c2 c3 c4"},
		{"?api%2Dversion=7.4&maxresults=4", "c0 c1 c3 c4"},
	} {
		if got := g.pages("/certificates"+tt.query, "id"); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.query, got, tt.want)
		}
	}
	if got := g.pages("/keys?maxresults=3", "kid"); got != "c0 c1 c3,c4" {
		t.Errorf("keys: %s", got)
	}
	if got := g.pages("/secrets", "id"); got != "c0 c1 c3 c4" {
		t.Errorf("secrets: %s", got)
	}
	if got := g.must(200, "GET", "/certificates/none/versions", "").body; got != `{"value":[],"nextLink":null}` {
		t.Errorf("versions of nothing: %s", got)
	}
	if got := g.must(200, "GET", "/deletedcertificates", "").body; got != `{"value":[],"nextLink":null}` {
		t.Errorf("nothing deleted: %s", got)
	}
}

// pages follows nextLink to the end and returns the names, a comma between pages.
func (g *rig) pages(target, id string) string {
	g.t.Helper()
	var pages []string
	for target != "" {
		if len(pages) > 20 {
			g.t.Fatal("the pages do not end")
		}
		if !strings.Contains(target, "version=7.4") && !strings.Contains(target, "api%2Dversion") {
			target = strings.Replace(target+"&api-version=7.4", "?&", "?", 1)
			if !strings.Contains(target, "?") {
				target = strings.Replace(target, "&", "?", 1)
			}
		}
		got := g.serve(request("GET", target, ""))
		if got.status != 200 {
			g.t.Fatalf("%s: %d %s", target, got.status, got.body)
		}
		var names []string
		for _, it := range got.json()["value"].([]any) {
			s := it.(map[string]any)[id].(string)
			names = append(names, s[strings.LastIndexByte(s, '/')+1:])
		}
		pages = append(pages, strings.Join(names, " "))
		next, _ := got.json()["nextLink"].(string)
		target = strings.TrimPrefix(next, "https://"+testHost)
		target = strings.Replace(target, "$skiptoken", "%24skiptoken", len(pages)%2) // JS sends $, Go %24
	}
	return strings.Join(pages, ",")
}

func TestNextLinkForm(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	for _, n := range []string{"a", "b"} {
		g.must(202, "POST", "/certificates/"+n+"/create", selfPolicy)
		g.must(200, "GET", "/certificates/"+n, "")
	}
	next := g.must(200, "GET", "/certificates?maxresults=1", "").json()["nextLink"].(string)
	if !regexp.MustCompile(`^https://web\.vault\.localhost:8443/certificates\?api-version=7\.4&\$skiptoken=[0-9A-Za-z_-]+&maxresults=1$`).MatchString(next) {
		t.Errorf("nextLink %s", next)
	}
	r := request("GET", "/certificates?maxresults=1&api-version=7.4", "")
	r.Host = "web.vault.localhost:443"
	if next := g.serve(r).json()["nextLink"].(string); !strings.HasPrefix(next, "https://web.vault.localhost/certificates?") {
		t.Errorf("nextLink at port 443: %s", next)
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

// TestOldVersionsNeverErase: what an older api-version cannot see, its PATCH
// leaves alone (docs/contract/wire.md).
func TestOldVersionsNeverErase(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	g.must(202, "POST", "/certificates/web/create?api-version=2026-04-01", `{"policy":{"key_props":{"kty":"EC"},"platformManaged":{"certificateUsage":"u","metadata":{"k":1}},
		"x509_props":{"subject":"CN=x","sans":{"dns_names":["a.b"],"uris":["urn:x"],"ipAddresses":["10.0.0.1"]}}}}`)
	old := g.must(200, "PATCH", "/certificates/web/policy?api-version=7.4",
		`{"platformManaged":{"certificateUsage":"other"},"x509_props":{"sans":{"dns_names":["c.d"],"uris":["urn:other"]}}}`).body
	if strings.Contains(old, "uris") || strings.Contains(old, "platformManaged") || !strings.Contains(old, "c.d") {
		t.Errorf("7.4 sees %s", old)
	}
	now := g.must(200, "GET", "/certificates/web/policy?api-version=2026-04-01", "").body
	for _, want := range []string{`"dns_names":["c.d"]`, `"uris":["urn:x"]`, `"ipAddresses":["10.0.0.1"]`, `"platformManaged":{"certificateUsage":"u","metadata":{"k":1}}`} {
		if !strings.Contains(now, want) {
			t.Errorf("2026-04-01 misses %s in %s", want, now)
		}
	}
}

func TestFaultsAreHidden(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	rt, err := newRouter([]row{
		{"GET", "/panic", "Panic", func(*service.Service, *call) (answer, error) { panic("inside: s3cret-ish") }, 0},
		{"GET", "/fault", "Fault", func(*service.Service, *call) (answer, error) { return answer{}, errors.New("disk on fire") }, 0},
		{"GET", "/busy", "Busy", func(*service.Service, *call) (answer, error) {
			return answer{}, &vault.Error{Reason: vault.Unavailable, Code: "Unavailable", Message: "later"}
		}, 0},
	})
	if err != nil {
		t.Fatal(err)
	}
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
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer token")
		resp, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
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
