package api

import (
	"strings"
	"testing"
	"time"
)

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
