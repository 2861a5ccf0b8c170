package api

import (
	"strings"
	"testing"
)

// TestEmptyTagsComeBack: "tags":{} is answered as {} wherever the version is
// shown, and none where none were sent. Tags among a secret's attributes, where
// the C++ client puts them, are none.
func TestEmptyTagsComeBack(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	const policy = `{"policy":{"issuer":{"name":"Self"},"key_props":{"kty":"EC"},"x509_props":{"subject":"CN=x"}}`
	empty := func(want bool, method, path, body string) {
		t.Helper()
		got := g.must(200, method, path, body).body
		if strings.Contains(got, `"tags":{}`) != want || strings.Contains(got, `"tags"`) != want {
			t.Errorf("%s %s: %s", method, path, got)
		}
	}
	g.must(202, "POST", "/certificates/sent/create", policy+`,"tags":{}}`)
	g.must(202, "POST", "/certificates/unsent/create", policy+`}`)
	for _, path := range []string{"/certificates/%", "/certificates/%/versions", "/secrets/%", "/secrets/%/versions"} {
		empty(true, "GET", strings.ReplaceAll(path, "%", "sent"), "")
		empty(false, "GET", strings.ReplaceAll(path, "%", "unsent"), "")
	}
	empty(true, "PATCH", "/certificates/unsent", `{"tags":{}}`)
	empty(true, "GET", "/certificates", "")
	empty(true, "DELETE", "/certificates/sent", "")
	empty(true, "GET", "/deletedcertificates/sent", "")

	empty(false, "PUT", "/secrets/s", `{"value":"x","attributes":{"tags":{}}}`)
	empty(false, "GET", "/secrets/s", "")
	empty(true, "PATCH", "/secrets/s", `{"tags":{}}`)
	empty(true, "DELETE", "/secrets/s", "")
	empty(true, "GET", "/deletedsecrets/s", "")
}
