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
