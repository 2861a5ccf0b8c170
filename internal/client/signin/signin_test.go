package signin

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

func TestRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		host, header string
		want         Challenge
	}{
		{"web.vault.azure.net", `Bearer authorization="https://login.microsoftonline.com/t1", resource="https://vault.azure.net"`, Challenge{"https://login.microsoftonline.com", "t1", "https://vault.azure.net"}},
		{"web.vault.azure.net", `Bearer authorization="https://login.microsoftonline.com/t1" scope="https://vault.azure.net/.default"`, Challenge{"https://login.microsoftonline.com", "t1", "https://vault.azure.net"}},
		{"web.vault.azure.net", `Bearer authorization_uri="https://login.windows.net/t1/", resource="https://vault.azure.net"`, Challenge{"https://login.windows.net", "t1", "https://vault.azure.net"}},
		{"default.vault.localhost:8443", `Bearer authorization="https://default.vault.localhost:8443/adfs", resource="https://vault.localhost:8443"`, Challenge{"https://default.vault.localhost:8443", "adfs", "https://vault.localhost:8443"}},
		{"127.0.0.1:8443", `Bearer authorization="https://127.0.0.1:8443/adfs", resource="kv://0.0.1:8443"`, Challenge{"https://127.0.0.1:8443", "adfs", "kv://0.0.1:8443"}},
		{"[::1]:8443", `Bearer authorization="https://[::1]:8443/adfs", resource="https://[::1]:8443"`, Challenge{"https://[::1]:8443", "adfs", "https://[::1]:8443"}},
		{"web.vault.azure.net", `Bearer authorization="https://a/t", resource="https://managedhsm.azure.net"`, Challenge{}},
		{"evilvault.azure.net", `Bearer authorization="https://a/t", resource="https://vault.azure.net"`, Challenge{}},
		{"vault.azure.net.example", `Bearer authorization="https://a/t", resource="https://vault.azure.net"`, Challenge{}},
		{"web.vault.azure.net", `Bearer authorization="http://a/t", resource="https://vault.azure.net"`, Challenge{}},
		{"web.vault.azure.net", `Bearer resource="https://vault.azure.net"`, Challenge{}},
		{"evil.example", `Bearer authorization="https://login.microsoftonline.com/t" resource="https://evil.example/x&calc.exe"`, Challenge{}},
		{"evil.example", `Bearer authorization="https://login.microsoftonline.com/t" scope="https://evil.example/%OS%|more/.default"`, Challenge{}},
		{"evil.example", `Bearer authorization="https://login.microsoftonline.com/t" resource="//evil.example"`, Challenge{}},
		{"web.vault.azure.net", `Basic realm="x"`, Challenge{}},
		{"web.vault.azure.net", ``, Challenge{}},
	} {
		got, err := Read(c.header, c.host)
		if got != c.want || (err == nil) != (c.want != Challenge{}) {
			t.Errorf("%s, %s: %+v, %v", c.host, c.header, got, err)
		}
	}
}

// A secret goes to the authority that was named, to Azure's, or to the vault's
// own server, and to no other.
func TestWhereSecretsGo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		host, tenant string
		challenge    Challenge
		want         string
	}{
		{"", "", Challenge{"https://login.microsoftonline.com", "t1", "https://vault.azure.net"}, "https://login.microsoftonline.com/t1/oauth2/v2.0/token"},
		{"", "t2", Challenge{"https://login.microsoftonline.com", "t1", "https://vault.azure.net"}, "https://login.microsoftonline.com/t2/oauth2/v2.0/token"},
		{"", "", Challenge{"https://web.vault.example.org", "adfs", "https://vault.example.org"}, "https://web.vault.example.org/adfs/oauth2/token"},
		{"", "", Challenge{"https://vault.example.org:1", "adfs", "https://vault.example.org:1"}, "https://vault.example.org:1/adfs/oauth2/token"},
		{"https://sso.example.com/", "", Challenge{"https://evil.example", "t", "https://vault.example.org"}, "https://sso.example.com/t/oauth2/v2.0/token"},
		{"", "", Challenge{"https://evil.example", "t", "https://vault.example.org"}, ""},
		{"", "", Challenge{"https://login.microsoftonline.com.evil.example", "t", "https://vault.azure.net"}, ""},
	} {
		got, err := Client{Host: c.host, Tenant: c.tenant}.endpoint(c.challenge)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%+v: %s, %v", c, got, err)
		}
	}
}

// serveTokens is an authority that checks what is asked for.
func serveTokens(t *testing.T, check func(r *http.Request) (status int, answer string)) (*http.Client, string) {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, answer := check(r)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return server.Client(), server.URL
}

var ask = Challenge{"https://login.microsoftonline.com", "t", "https://vault.azure.net"}

func TestSecret(t *testing.T) {
	t.Parallel()
	by, at := serveTokens(t, func(r *http.Request) (int, string) {
		if r.URL.Path != "/t/oauth2/v2.0/token" || r.PostFormValue("scope") != "https://vault.azure.net/.default" || r.PostFormValue("grant_type") != "client_credentials" || r.PostFormValue("client_id") != "me" {
			return 400, `{"error":"invalid_request"}`
		}
		if r.PostFormValue("client_secret") != "right" {
			return 401, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}`
		}
		return 200, `{"token_type":"Bearer","expires_in":"3599","access_token":"tok"}`
	})
	c := Client{ID: "me", Secret: "right", Host: at, HTTP: by}
	got, err := c.Token(t.Context(), ask)
	if left := time.Until(got.Until); err != nil || got.Value.Reveal() != "tok" || left < 59*time.Minute || left > time.Hour || got.Ends() {
		t.Errorf("%+v, %v", got, err)
	}
	c.Secret = "wrong"
	_, err = c.Token(t.Context(), ask)
	var e *Error
	if !errors.As(err, &e) || e.StatusOf() != 401 || e.Code != "invalid_client" || !strings.Contains(err.Error(), "AADSTS7000215") || !strings.Contains(err.Error(), "hint: ") || strings.Contains(err.Error(), "wrong") {
		t.Errorf("%v", err)
	}
	if text := fmt.Sprintf("%v %+v %#v", c, c, got); strings.Contains(text, "wrong") || strings.Contains(text, "tok\"") {
		t.Errorf("secrets are printed: %s", text)
	}
}

// keyPair writes a certificate and its key to a file.
func keyPair(t *testing.T, key interface{ Public() any }, private any) string {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), private)
	must.Do(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	must.Do(t, err)
	file := filepath.Join(t.TempDir(), "client.pem")
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})...)
	must.Do(t, os.WriteFile(file, text, 0o600))
	return file
}

type public struct{ key any }

func (p public) Public() any { return p.key }

func TestAssertion(t *testing.T) {
	t.Parallel()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	small, err := rsa.GenerateKey(rand.Reader, 2048)
	must.Do(t, err)
	for file, algorithm := range map[string]jose.SignatureAlgorithm{keyPair(t, public{ec.Public()}, ec): jose.ES256, keyPair(t, public{small.Public()}, small): jose.PS256} {
		key, err := ReadCertificate(file)
		must.Do(t, err)
		var endpoint string
		by, at := serveTokens(t, func(r *http.Request) (int, string) {
			token, err := jwt.ParseSigned(r.PostFormValue("client_assertion"), []jose.SignatureAlgorithm{algorithm})
			if err != nil {
				return 400, `{}`
			}
			leaf, err := x509.ParseCertificate(key.TLS.Certificate[0])
			var claims jwt.Claims
			if err != nil || token.Claims(leaf.PublicKey, &claims) != nil || claims.Validate(jwt.Expected{Issuer: "me", Subject: "me", AnyAudience: jwt.Audience{endpoint}, Time: time.Now()}) != nil || claims.ID == "" {
				return 401, `{}`
			}
			return 200, `{"access_token":"tok"}`
		})
		endpoint = at + "/t/oauth2/v2.0/token"
		if got, err := (Client{ID: "me", Key: key, Host: at, HTTP: by}).Token(t.Context(), ask); err != nil || got.Value.Reveal() != "tok" || !got.Until.IsZero() {
			t.Errorf("%s: %+v, %v", algorithm, got, err)
		}
	}
	if _, err := ReadCertificate(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestManaged(t *testing.T) {
	t.Parallel()
	by, at := serveTokens(t, func(r *http.Request) (int, string) {
		q := r.URL.Query()
		if r.Header.Get("X-Identity-Header") != "head" || q.Get("resource") != "https://vault.azure.net" || q.Get("api-version") != "2019-08-01" || q.Get("client_id") != "who" {
			return 400, `{}`
		}
		return 200, `{"access_token":"tok","expires_on":"1","resource":"x"}`
	})
	if got, err := (Managed{Endpoint: at, Header: "head", Client: "who", HTTP: by}).Token(t.Context(), ask); err != nil || got.Value.Reveal() != "tok" {
		t.Errorf("%+v, %v", got, err)
	}
}

// Azure CLI is asked for what the challenge says, and its words are shown.
func TestAzureCLI(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	if _, err := (AzureCLI{}).Token(t.Context(), ask); !errors.Is(err, NoWay) || !strings.Contains(err.Error(), "CERTWRIGHT_TOKEN") {
		t.Errorf("without az: %v", err)
	}
	script := "#!/bin/sh\n[ \"$*\" = 'account get-access-token --output json --resource https://vault.azure.net --tenant t2' ] || { echo 'Please run az login' >&2; exit 1; }\necho '{\"accessToken\":\"tok\",\"expires_on\":4102444800}'\n"
	must.Do(t, os.WriteFile(filepath.Join(bin, "az"), []byte(script), 0o700))
	if got, err := (AzureCLI{Tenant: "t2"}).Token(t.Context(), ask); err != nil || got.Value.Reveal() != "tok" || got.Until.Year() != 2100 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := (AzureCLI{}).Token(t.Context(), ask); !errors.Is(err, NoWay) || !strings.Contains(err.Error(), "Please run az login") {
		t.Errorf("refused: %v", err)
	}
}

func TestFixed(t *testing.T) {
	t.Parallel()
	if got, err := Fixed("tok").Token(context.Background(), ask); err != nil || got.Value.Reveal() != "tok" || got.Ends() {
		t.Errorf("%+v, %v", got, err)
	}
}
