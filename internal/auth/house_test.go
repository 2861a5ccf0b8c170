package auth

import (
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"certwright/internal/auth/authtest"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// noon is when the tests of tokens take place.
var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// A stoppedClock shows the same time for ever.
type stoppedClock time.Time

func (c stoppedClock) Now() time.Time { return time.Time(c) }

// here is what tokens for this server have as aud.
const here = "https://vault.example.org"

// at returns an issuer of noon that nobody can reach.
func at(url, algorithm string, audiences ...string) *authtest.Issuer {
	i := authtest.New(url, algorithm, audiences...)
	i.Now = func() time.Time { return noon }
	return i
}

// settingsOf are those of an issuer whose keys are in a file.
func settingsOf(t testing.TB, name string, i *authtest.Issuer) IssuerSettings {
	t.Helper()
	path := filepath.Join(t.TempDir(), name+".json")
	i.WriteJWKS(t, path)
	return IssuerSettings{Name: name, URL: i.URL, JWKSFile: path, Audiences: i.Audiences}
}

// verifierAt makes a verifier whose clock shows noon.
func verifierAt(t testing.TB, s Settings) *Verifier {
	t.Helper()
	for _, err := range s.Check() {
		t.Error(err)
	}
	v, err := NewVerifier(s, Options{Clock: stoppedClock(noon)})
	must.Do(t, err)
	return v
}

// withToken is a request that shows a token.
func withToken(token string) *http.Request {
	r := httptest.NewRequest("GET", "https://web.vault.example.org/certificates", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

// whois authenticates a token.
func whois(t testing.TB, v *Verifier, token string) (vault.Caller, error) {
	t.Helper()
	who, err := Authenticator{Verifier: v}.Authenticate(withToken(token))
	if !who.Address.IsValid() {
		t.Errorf("the caller has no address: %+v", who)
	}
	return who, err
}

// nothing is a log that nobody reads.
func nothing() *log.Logger { return slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo) }
