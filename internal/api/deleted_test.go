package api

import (
	"fmt"
	"strings"
	"testing"
)

// TestDeletedListsLeaveCertificatesOut: /deletedkeys and /deletedsecrets show
// plain ones only; what belongs to a deleted certificate is there by name.
func TestDeletedListsLeaveCertificatesOut(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	for i := range 5 {
		name := fmt.Sprintf("c%d", i)
		g.must(202, "POST", "/certificates/"+name+"/create", `{"policy":{"issuer":{"name":"Self"},"key_props":{"kty":"EC"},"x509_props":{"subject":"CN=a"}}}`)
		g.must(200, "GET", "/certificates/"+name, "")
		g.must(200, "DELETE", "/certificates/"+name, "")
	}
	g.must(200, "POST", "/keys/plain/create", `{"kty":"EC"}`)
	g.must(200, "PUT", "/secrets/plain", `{"value":"x"}`)
	for _, kind := range []string{"keys", "secrets"} {
		g.must(200, "DELETE", "/"+kind+"/plain", "")
		list := g.must(200, "GET", "/deleted"+kind+"?maxresults=2", "").body
		if strings.Count(list, `"recoveryId"`) != 1 || !strings.Contains(list, "/deleted"+kind+`/plain"`) || !strings.HasSuffix(list, `"nextLink":null}`) {
			t.Errorf("deleted %s: %s", kind, list)
		}
		g.must(200, "GET", "/deleted"+kind+"/c3", "")
	}
	g.must(200, "POST", "/deletedcertificates/c3/recover", "")
	if list := g.must(200, "GET", "/secrets", "").body; !strings.Contains(list, "/secrets/c3") {
		t.Errorf("the secret of a recovered certificate is not listed: %s", list)
	}
	g.must(404, "GET", "/deletedsecrets/c3", "")
}

// TestDeletedAndDisabled: a deleted secret that was disabled is refused as a
// live one is; keys and certificates are not.
func TestDeletedAndDisabled(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	const off = `"attributes":{"enabled":false}`
	g.must(200, "PUT", "/secrets/s", `{"value":"x",`+off+`}`)
	g.must(200, "POST", "/keys/k/create", `{"kty":"EC",`+off+`}`)
	g.must(202, "POST", "/certificates/c/create", `{"policy":{"issuer":{"name":"Self"},"key_props":{"kty":"EC"},"x509_props":{"subject":"CN=a"}},`+off+`}`)
	g.must(200, "GET", "/certificates/c", "")
	g.must(200, "DELETE", "/secrets/s", "")
	g.must(200, "DELETE", "/keys/k", "")
	g.must(200, "DELETE", "/certificates/c", "")
	for _, name := range []string{"s", "c"} {
		got := g.must(403, "GET", "/deletedsecrets/"+name, "")
		if want := `{"error":{"code":"Forbidden","message":"Operation get is not allowed on a disabled secret.","innererror":{"code":"SecretDisabled"}}}`; got.body != want {
			t.Errorf("deleted secret %s: %s", name, got.body)
		}
	}
	g.must(200, "GET", "/deletedkeys/k", "")
	g.must(200, "GET", "/deletedkeys/c", "")
	g.must(200, "GET", "/deletedcertificates/c", "")
	g.must(200, "POST", "/deletedsecrets/s/recover", "")
	g.must(204, "DELETE", "/deletedcertificates/c", "")
}

// TestNoPendingOperation: the two spellings of the one refusal.
func TestNoPendingOperation(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	for _, c := range []struct{ method, path, body, want string }{
		{"GET", "/certificates/Web/pending", "", "Pending certificate not found: Web"},
		{"DELETE", "/certificates/Web/pending", "", "Pending Certificate not found: Web"},
		{"POST", "/certificates/Web/pending/merge", `{"x5c":["MII="]}`, "Pending Certificate not found: Web"},
	} {
		if got := g.must(404, c.method, c.path, c.body); got.code() != "PendingCertificateNotFound" || got.message() != c.want {
			t.Errorf("%s %s: %s", c.method, c.path, got.body)
		}
	}
}
