package server

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"certwright/internal/auth"
	"certwright/internal/auth/authtest"
	"certwright/internal/config"
	"certwright/internal/files"
	"certwright/internal/must"
	"certwright/internal/trust"
)

// production is a configuration of a production server in a folder of the test's.
func production(t testing.TB) config.Config {
	t.Helper()
	dir := t.TempDir()
	c := config.Config{
		Production: true, Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: filepath.Join(dir, "data"), Vaults: []config.Vault{{Name: "web"}, {Name: "shop"}},
		TLS: trust.Settings{Cert: filepath.Join(dir, "tls.pem"), Key: filepath.Join(dir, "tls.key")},
		Auth: config.Auth{Settings: auth.Settings{Issuers: []auth.IssuerSettings{{
			Name: "corp", URL: corp.URL, JWKSFile: filepath.Join(dir, "jwks.json"), Audiences: corp.Audiences,
		}}}},
	}
	writeTLS(t, c.TLS)
	corp.WriteJWKS(t, c.Auth.Issuers[0].JWKSFile)
	return c
}

// corp is the issuer whose tokens the production servers of tests take.
var corp = authtest.New("https://login.example.org/corp", "ES256", "https://vault.example.org")

// writeTLS writes a TLS certificate of an authority of its own.
func writeTLS(t testing.TB, at trust.Settings) {
	t.Helper()
	a, err := trust.Open(t.TempDir())
	must.Do(t, err)
	leaf, err := a.GetCertificate(&tls.ClientHelloInfo{ServerName: "localhost"})
	must.Do(t, err)
	cert, key, err := trust.EncodePair(leaf)
	must.Do(t, err)
	must.Do(t, files.Replace(at.Key, key, 0o600))
	must.Do(t, files.Replace(at.Cert, cert, 0o644))
}

// serveIn starts a production server that is stopped at the end of the test.
func serveIn(t *testing.T, c config.Config, o Options) *Server {
	t.Helper()
	s, err := Start(t.Context(), c, o)
	must.Do(t, err)
	t.Cleanup(func() { stop(t, s) })
	return s
}

// shown is the certificate that the https listener shows.
func shown(t *testing.T, s *Server) *x509.Certificate {
	t.Helper()
	c, err := tls.Dial("tcp", s.listeners.https.Addr().String(), &tls.Config{InsecureSkipVerify: true, ServerName: "localhost"})
	must.Do(t, err)
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0]
}

func anyway(t *testing.T) *http.Client {
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// A clock that was moved is that of a development server, and so are its certificates.
func TestProductionRefusesAMovedClock(t *testing.T) {
	t.Parallel()
	c := production(t)
	dev := startIn(t, c.Data, Options{})
	must.Do(t, dev.Advance(t.Context(), time.Hour))
	stop(t, dev)
	if _, err := Start(t.Context(), c, Options{}); err == nil || !strings.Contains(err.Error(), "the clock of this database was moved by 1h0m0s") || !strings.Contains(err.Error(), "\nhint: ") {
		t.Errorf("it starts: %v", err)
	}
}

// A key that everybody may read, and one that is not there, are told before
// anything is made.
func TestProductionRefusesItsFiles(t *testing.T) {
	t.Parallel()
	c := production(t)
	must.Do(t, os.Chmod(c.TLS.Key, 0o644))
	if _, err := Start(t.Context(), c, Options{}); !errors.Is(err, files.ErrExposed) {
		t.Errorf("an open key: %v", err)
	}
	must.Do(t, os.Remove(c.TLS.Key))
	if _, err := Start(t.Context(), c, Options{}); !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "tls: ") {
		t.Errorf("no key: %v", err)
	}
	if _, err := os.Stat(c.Data); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the data folder was made: %v", err)
	}
}

// Another certificate in the files is shown without a new start.
func TestProductionShowsTheFiles(t *testing.T) {
	t.Parallel()
	s := serveIn(t, production(t), Options{})
	first := shown(t, s)
	s.reloadTLS(t.Context())
	if !shown(t, s).Equal(first) {
		t.Error("it changed by itself")
	}
	writeTLS(t, s.config.TLS)
	s.reloadTLS(t.Context())
	if shown(t, s).Equal(first) {
		t.Error("the new certificate is not shown")
	}
	if got := ask(t, anyway(t), "GET", s.Ready.HTTPURL+"/ca.pem", ""); got.status != http.StatusNotFound || s.Ready.CAFile != "" {
		t.Errorf("clients are told to trust an authority that signs nothing here: %d, %s", got.status, s.Ready.CAFile)
	}
}

// A certificate of a vault is shown once it is there, and every version of it
// after that; a disabled one is not taken.
func TestVaultCertificate(t *testing.T) {
	t.Parallel()
	s := run(t)
	c, token := client(t, s), []string{"Authorization", "Bearer x"}
	front := newVaultCertificate(trust.Settings{Vault: "Default", Certificate: "front"}, s.store, s.seal)
	reload := func(want bool) {
		t.Helper()
		if changed, err := front.Reload(t.Context()); changed != want || err != nil {
			t.Fatalf("%v, %v", changed, err)
		}
	}
	reload(false)
	url := s.Ready.IPURL + "/certificates/front"
	var last *x509.Certificate
	for range 2 {
		ask(t, c, "POST", url+"/create?api-version=7.4", createSelf, token...)
		reload(false) // nobody looked yet, so it is not issued
		if got := ask(t, c, "GET", url+"/pending?api-version=7.4", "", token...); !strings.Contains(got.body, `"completed"`) {
			t.Fatalf("pending: %s", got.body)
		}
		reload(true)
		now := front.Certificate()
		if now.Leaf.Equal(last) || len(now.Certificate) != 1 {
			t.Error("the new version is not shown")
		}
		if key, ok := now.PrivateKey.(crypto.Signer); !ok || !key.Public().(*ecdsa.PublicKey).Equal(now.Leaf.PublicKey) {
			t.Error("the key is another's")
		}
		last = now.Leaf
		reload(false)
	}
	ask(t, c, "PATCH", url+"?api-version=7.4", `{"attributes":{"enabled":false}}`, token...)
	// the version in force is the disabled one: it stays until another is there
	again := newVaultCertificate(trust.Settings{Vault: "default", Certificate: "front"}, s.store, s.seal)
	if changed, err := again.Reload(t.Context()); changed || err == nil || !strings.Contains(err.Error(), "disabled") {
		t.Errorf("a disabled version: %v, %v", changed, err)
	}
	if changed, err := again.Reload(t.Context()); changed || err != nil {
		t.Errorf("it is told twice: %v, %v", changed, err)
	}
}

// Another configuration is taken whole or not at all, and what waits for a start
// is told.
func TestReload(t *testing.T) {
	t.Parallel()
	c := production(t)
	s := serveIn(t, c, Options{})
	at := func(vaultName string) reply {
		return ask(t, anyway(t), "GET", s.Ready.IPURL+"/certificates?api-version=7.4", "", "Host", vaultName+".vault.example")
	}
	first := shown(t, s)
	bad := c
	bad.TLS = trust.Settings{Cert: c.TLS.Cert, Key: c.TLS.Cert}
	bad.Tenant = "other"
	if _, err := s.Reload(t.Context(), bad); err == nil {
		t.Error("files that do not belong together were taken")
	}
	if !shown(t, s).Equal(first) || strings.Contains(at("web").header.Get("WWW-Authenticate"), "/other") {
		t.Error("half of a configuration was taken")
	}
	good := c
	good.Tenant, good.Region, good.TLS = "other", "elsewhere", trust.Settings{Cert: c.TLS.Cert + "2", Key: c.TLS.Key + "2"}
	writeTLS(t, good.TLS)
	if waiting, err := s.Reload(t.Context(), good); err != nil || len(waiting) != 1 || waiting[0] != "region" {
		t.Errorf("%v, %v", waiting, err)
	}
	if shown(t, s).Equal(first) || !strings.Contains(at("web").header.Get("WWW-Authenticate"), "/other") {
		t.Error("the configuration was not taken")
	}
}
