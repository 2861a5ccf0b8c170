package server

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/vault"
)

// A production server takes tokens of its issuers and no others; whatever is
// wrong, the challenge is the same, and a word says what it is.
func TestSignIn(t *testing.T) {
	t.Parallel()
	s := serveIn(t, production(t), Options{})
	c := anyway(t)
	url := s.Ready.IPURL + "/certificates?api-version=7.4"
	challenge := ask(t, c, "GET", url, "").header.Get("WWW-Authenticate")
	if !strings.HasPrefix(challenge, `Bearer authorization="https://127.0.0.1:`) || !strings.Contains(challenge, `/adfs", resource="kv://0.0.1:`) {
		t.Errorf("challenge %q", challenge)
	}
	for _, one := range []struct{ name, token, says, word string }{
		{"opaque", "x", "AKV10000", ""},
		{"expired", corp.Token("ada", map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}), "expired", "expired"},
		{"for another", corp.Token("ada", map[string]any{"aud": "https://vault.azure.net"}), "AKV10022: Invalid audience. Expected https://vault.example.org, found: https://vault.azure.net.", "audience"},
		{"of another", corp.Token("ada", map[string]any{"iss": "https://evil.example"}), "AKV10032: Invalid issuer. Expected one of https://login.example.org/corp, found https://evil.example.", "issuer"},
	} {
		got := ask(t, c, "GET", url, "", "Authorization", "Bearer "+one.token)
		if got.status != http.StatusUnauthorized || got.header.Get("WWW-Authenticate") != challenge || !strings.Contains(got.body, one.says) || got.header.Get(vault.TokenHeader) != one.word {
			t.Errorf("%s: %d %s %q", one.name, got.status, got.body, got.header)
		}
	}
	if got := ask(t, c, "GET", url, "", "Authorization", "Bearer "+corp.Token("ada", nil)); got.status == http.StatusUnauthorized {
		t.Errorf("a good token: %d %s", got.status, got.body)
	}
}

// The challenge names the authority that is configured, whoever is called.
func TestChallengeOfAnAuthority(t *testing.T) {
	t.Parallel()
	with := production(t)
	with.Auth.Authority = "https://login.microsoftonline.com/contoso"
	s := serveIn(t, with, Options{})
	got := ask(t, anyway(t), "GET", s.Ready.IPURL+"/certificates?api-version=7.4", "").header.Get("WWW-Authenticate")
	if !strings.HasPrefix(got, `Bearer authorization="https://login.microsoftonline.com/contoso", resource="kv://`) {
		t.Errorf("challenge %q", got)
	}
}

// Keys that cannot be read are told before anything is made.
func TestSignInRefusesItsFiles(t *testing.T) {
	t.Parallel()
	c := production(t)
	must.Do(t, os.WriteFile(c.Auth.Issuers[0].JWKSFile, []byte("{}"), 0o600))
	if _, err := Start(t.Context(), c, Options{}); err == nil || !strings.HasPrefix(err.Error(), "auth: issuers: corp: jwks_file: ") {
		t.Errorf("it starts: %v", err)
	}
	if _, err := os.Stat(c.Data); !os.IsNotExist(err) {
		t.Errorf("the data folder was made: %v", err)
	}
}
