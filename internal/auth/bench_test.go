package auth

import (
	"net/http"
	"testing"

	"certwright/internal/auth/authtest"
)

// A token that is known is the usual case; one that is not costs a signature.
func BenchmarkVerifier(b *testing.B) {
	for _, algorithm := range []string{"RS256", "ES256"} {
		corp := at("https://login.example.org/corp", algorithm, here)
		v := verifierAt(b, Settings{Issuers: []IssuerSettings{settingsOf(b, "corp", corp)}})
		a := Authenticator{Verifier: v}
		r := &http.Request{RemoteAddr: "192.0.2.1:4711", Header: http.Header{"Authorization": {"Bearer " + corp.Token("ada", members{"groups": []string{"5d1c0b9a-0000-4000-8000-000000000001"}})}}}
		b.Run(algorithm+" known", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if who, err := a.Authenticate(r); err != nil || who.Subject != "ada" {
					b.Fatal(who, err)
				}
			}
		})
		b.Run(algorithm+" new", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v.known.Purge()
				if who, err := a.Authenticate(r); err != nil || who.Subject != "ada" {
					b.Fatal(who, err)
				}
			}
		})
	}
}

// A known token costs no allocation.
func TestAKnownTokenIsCheap(t *testing.T) {
	corp := authtest.New("https://login.example.org/corp", "ES256", here)
	v := verifierAt(t, Settings{Issuers: []IssuerSettings{settingsOf(t, "corp", corp)}})
	v.clock = stoppedClock(corp.Now())
	a := Authenticator{Verifier: v}
	r := &http.Request{RemoteAddr: "192.0.2.1:4711", Header: http.Header{"Authorization": {"Bearer " + corp.Token("ada", nil)}}}
	if n := testing.AllocsPerRun(100, func() {
		if _, err := a.Authenticate(r); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
