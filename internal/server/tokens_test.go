package server

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/must"
	"certwright/internal/tokens"
)

// A server starts with the clients of its token service, or not at all, and
// counts what they ask for.
func TestTokenService(t *testing.T) {
	t.Parallel()
	c := production(t)
	secret, hash := tokens.NewSecret()
	web := tokens.ClientSettings{ID: "web-id", Secrets: []tokens.SecretSettings{{Hash: hash}}, Certificates: []tokens.CertificateSettings{{File: filepath.Join(t.TempDir(), "none.pem")}}}
	c.Auth.TokenService = &tokens.Settings{Issuer: "https://vault.example.org/adfs", Clients: []tokens.ClientSettings{web}}
	c.Hosts = []string{"127.0.0.1"}
	if _, err := Start(t.Context(), c, Options{}); err == nil || !strings.HasPrefix(err.Error(), "auth: token_service: client web-id: read a certificate: ") {
		t.Errorf("it starts: %v", err)
	}
	if _, err := os.Stat(c.Data); !os.IsNotExist(err) {
		t.Errorf("the data folder was made: %v", err)
	}
	c.Auth.TokenService.Clients[0].Certificates = nil
	s := serveIn(t, c, Options{})
	form := func(secret string) string {
		return url.Values{"grant_type": {"client_credentials"}, "client_id": {"web-id"}, "client_secret": {secret}, "scope": {"https://vault.azure.net/.default"}}.Encode()
	}
	for secret, status := range map[string]int{secret: http.StatusOK, "wrong": http.StatusUnauthorized} {
		got := ask(t, anyway(t), "POST", s.Ready.IPURL+"/adfs/oauth2/token", form(secret), "Content-Type", "application/x-www-form-urlencoded")
		if got.status != status {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	if got := ask(t, anyway(t), "POST", s.Ready.HTTPURL+"/adfs/oauth2/token", form(secret), "Content-Type", "application/x-www-form-urlencoded"); got.status != http.StatusNotFound {
		t.Errorf("at the side door: %d %s", got.status, got.body)
	}
	metrics := s.metricsText(t)
	for _, want := range []string{`certwright_tokens_total{grant="secret",outcome="given"} 1`, `certwright_tokens_total{grant="secret",outcome="refused"} 1`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("there is no %s in\n%s", want, metrics)
		}
	}
	must.Do(t, s.now().signIn.verifier.Trouble())
}
