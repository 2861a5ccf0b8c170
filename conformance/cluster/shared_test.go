package cluster

import (
	"fmt"
	"strings"
	"testing"

	"certwright/conformance/process"
	"certwright/internal/store/sqlstore/sqltest"
)

type object = map[string]any

func selfSigned() object {
	return object{"policy": object{"key_props": object{"kty": "EC", "crv": "P-256"}, "x509_props": object{"subject": "CN=a.example.com"}, "issuer": object{"name": "Self"}}}
}

// What one server did, another shows at once, and what one forbids, another refuses.
func TestServersShareOneDatabase(t *testing.T) {
	t.Parallel()
	all := start(t, sqltest.NewSchema(t, sqltest.Postgres(t)[0]).URL, 2, nil)
	a, b := client{all, all.each[0]}, client{all, all.each[1]}
	want := func(c client, status int, method, path string, body any) process.Reply {
		t.Helper()
		r, err := c.Send(t.Context(), method, path, body)
		if err != nil || r.Status != status {
			t.Fatalf("%s %s: %d %s, %v, want %d; they say:\n%s", method, path, r.Status, r.Body, err, status, all.said())
		}
		return r
	}
	want(a, 202, "POST", "/certificates/site/create", selfSigned())
	if got := want(b, 200, "GET", "/certificates/site/pending", nil); got.Text("status") != "completed" {
		t.Errorf("another server finishes it: %s", got.Body)
	}
	secret := want(a, 200, "GET", "/secrets/site", nil).Text("value")
	if got := want(b, 200, "GET", "/secrets/site", nil).Text("value"); secret == "" || got != secret {
		t.Error("two servers show two secrets")
	}
	enabled := func(is bool) object { return object{"attributes": object{"enabled": is}} }
	for range 3 { // each time the other has an answer that it could give again
		want(b, 200, "GET", "/secrets/site", nil)
		want(a, 200, "PATCH", "/certificates/site", enabled(false))
		if got := want(b, 403, "GET", "/secrets/site", nil); !strings.Contains(fmt.Sprint(got.Body), "disabled") {
			t.Fatalf("a secret that another server disabled: %s", got.Body)
		}
		want(a, 200, "PATCH", "/certificates/site", enabled(true))
	}
	want(b, 200, "DELETE", "/certificates/site", nil)
	want(a, 404, "GET", "/certificates/site", nil)
	want(a, 204, "DELETE", "/deletedcertificates/site", nil)
	want(b, 404, "GET", "/deletedcertificates/site", nil)
}
