package cluster

import (
	"strings"
	"testing"
)

const selfSigned = `{"policy":{"key_props":{"kty":"EC","crv":"P-256"},"x509_props":{"subject":"CN=a.example.com"},"issuer":{"name":"Self"}}}`

// What one server did, another shows at once, and what one forbids, another refuses.
func TestServersShareOneDatabase(t *testing.T) {
	all := start(t, 2)
	a, b := all.each[0], all.each[1]
	want := func(s *server, status int, method, path, body string) reply {
		t.Helper()
		r := s.ask(all.token, method, path, body)
		if r.lost || r.Status != status {
			t.Fatalf("%s %s: %d %s, want %d; it says:\n%s", method, path, r.Status, r.Body, status, s.Said())
		}
		return r
	}
	want(a, 202, "POST", "/certificates/site/create", selfSigned)
	if got := want(b, 200, "GET", "/certificates/site/pending", ""); got.Text("status") != "completed" {
		t.Errorf("another server finishes it: %s", got.Body)
	}
	secret := want(a, 200, "GET", "/secrets/site", "").Text("value")
	if got := want(b, 200, "GET", "/secrets/site", "").Text("value"); secret == "" || got != secret {
		t.Error("two servers show two secrets")
	}
	for range 3 { // each time the other has an answer that it could give again
		want(b, 200, "GET", "/secrets/site", "")
		want(a, 200, "PATCH", "/certificates/site", `{"attributes":{"enabled":false}}`)
		if got := b.ask(all.token, "GET", "/secrets/site", ""); got.Status != 403 || !strings.Contains(got.Body, "disabled") {
			t.Fatalf("a secret that another server disabled: %d %s", got.Status, got.Body)
		}
		want(a, 200, "PATCH", "/certificates/site", `{"attributes":{"enabled":true}}`)
	}
	want(b, 200, "DELETE", "/certificates/site", "")
	want(a, 404, "GET", "/certificates/site", "")
	want(a, 204, "DELETE", "/deletedcertificates/site", "")
	want(b, 404, "GET", "/deletedcertificates/site", "")
}
