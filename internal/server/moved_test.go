package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Receivers and authorities that never answer hold up their own messages and
// orders, not the moved clock, and not the orders of others.
func TestClockMovesPastWhatHangs(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	mute := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	defer mute.Close()
	defer close(hang)
	s := startAs(t, "events: [{name: hook, url: '"+mute.URL+"', skip_handshake: true}]\n"+
		"providers:\n  Mute: {kind: acme, directory: '"+mute.URL+"', challenge: http-01}\n")
	defer stop(t, s)
	c, at, token := client(t, s), s.Ready.IPURL+"/certificates/", []string{"Authorization", "Bearer x"}
	if got := ask(t, c, "PUT", at+"issuers/mute?api-version=7.4", `{"provider":"Mute"}`, token...); got.status != 200 {
		t.Fatalf("issuer: %d %s", got.status, got.body)
	}
	for _, name := range []string{"one", "two", "three"} {
		const create = `{"policy":{"issuer":{"name":"mute"},"x509_props":{"subject":"CN=www.example.org"},"key_props":{"kty":"EC","crv":"P-256"}}}`
		if got := ask(t, c, "POST", at+name+"/create?api-version=7.4", create, token...); got.status != 202 {
			t.Fatalf("create: %d %s", got.status, got.body)
		}
	}
	selfSigned(t, s, "site") // an event, and a certificate that is renewed
	began := time.Now()
	if got := ask(t, c, "POST", s.Ready.HTTPURL+"/admin/clock", `{"advance":"400d"}`); got.status != 200 {
		t.Fatalf("clock: %d %s", got.status, got.body)
	}
	if took := time.Since(began); took > 50*time.Second {
		t.Errorf("moving the clock took %v", took)
	}
	if got := ask(t, c, "GET", at+"site/versions?api-version=7.4", "", token...); got.status != 200 || strings.Count(got.body, `"id":`) < 2 {
		t.Errorf("it was not renewed meanwhile: %d %s", got.status, got.body)
	}
}
