package api

import (
	"regexp"
	"strings"
	"testing"

	"certwright/internal/vault"
)

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
