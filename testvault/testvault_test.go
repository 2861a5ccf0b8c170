package testvault_test

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/testvault"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func call(t *testing.T, v *testvault.Vault, method, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, v.URL+path+"?api-version=7.4", strings.NewReader(body))
	must.Do(t, err)
	r.Header.Set("Authorization", "Bearer x")
	r.Header.Set("Content-Type", "application/json")
	answer, err := v.Client().Do(r)
	must.Do(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must.Do(t, err)
	return answer.StatusCode, string(text)
}

const self = `{"policy":{"issuer":{"name":"Self"},"x509_props":{"subject":"CN=x"},"key_props":{"kty":"EC","crv":"P-256"}}}`

func TestStart(t *testing.T) {
	t.Parallel()
	v := testvault.Start(t)
	if status, body := call(t, v, "POST", "/certificates/web/create", self); status != 202 {
		t.Fatalf("create: %d %s", status, body)
	}
	if status, body := call(t, v, "GET", "/certificates/web/", ""); status != 200 || !strings.Contains(body, `"cer":`) {
		t.Fatalf("get: %d %s", status, body)
	}
	_, events := v.Outbox()
	if len(events) != 1 || !strings.Contains(string(events[0]), `"eventType":"Microsoft.KeyVault.CertificateNewVersionCreated"`) {
		t.Errorf("events: %s", events)
	}
	v.Reset()
	if status, _ := call(t, v, "GET", "/certificates/web/", ""); status != 404 {
		t.Errorf("after Reset: %d", status)
	}
	if _, events := v.Outbox(); len(events) != 0 {
		t.Errorf("after Reset: %d events", len(events))
	}
}

func TestAdvance(t *testing.T) {
	t.Parallel()
	v := testvault.Start(t)
	before := v.Now()
	call(t, v, "PUT", "/certificates/issuers/ca", `{"provider":"Test","credentials":{"account_id":"delay=48h"}}`)
	call(t, v, "POST", "/certificates/web/create", strings.Replace(self, "Self", "ca", 1))
	if _, body := call(t, v, "GET", "/certificates/web/pending", ""); !strings.Contains(body, `"status":"inProgress"`) {
		t.Fatalf("before its time: %s", body)
	}
	v.Advance(72 * time.Hour)
	if gone := v.Now().Sub(before); gone < 72*time.Hour || gone > 73*time.Hour {
		t.Errorf("%v went by, want 72h", gone)
	}
	if _, body := call(t, v, "GET", "/certificates/web/pending", ""); !strings.Contains(body, `"status":"completed"`) {
		t.Errorf("after its time: %s", body)
	}
}

func TestTwoServersAreApart(t *testing.T) {
	t.Parallel()
	one, two := testvault.Start(t), testvault.Start(t)
	call(t, one, "POST", "/certificates/web/create", self)
	if status, _ := call(t, two, "GET", "/certificates/web/", ""); status != 404 {
		t.Errorf("the other server answers %d", status)
	}
}

// A child process finds the vault, trusts it, and gets a token, by its
// environment alone.
func TestEnv(t *testing.T) {
	t.Parallel()
	v := testvault.Start(t)
	child := exec.Command(os.Args[0], "-test.run=^TestEnvChild$", "-test.v")
	child.Env = append(v.Env(), "TESTVAULT_CHILD=1")
	if out, err := child.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for _, e := range v.Env() {
		if strings.HasPrefix(e, "IDENTITY_SERVER_THUMBPRINT") {
			t.Error("a variable that must not be there is")
		}
	}
	if !slices.Contains(v.Env(), "AZURE_KEYVAULT_URL="+v.URL) {
		t.Error("AZURE_KEYVAULT_URL is not the vault")
	}
}

func TestEnvChild(t *testing.T) {
	if os.Getenv("TESTVAULT_CHILD") == "" {
		return // run by TestEnv in a process of its own
	}
	r, _ := http.NewRequestWithContext(t.Context(), "GET", os.Getenv("IDENTITY_ENDPOINT")+"?api-version=2019-08-01&resource=r", nil)
	r.Header.Set("X-IDENTITY-HEADER", os.Getenv("IDENTITY_HEADER"))
	answer, err := http.DefaultClient.Do(r)
	must.Do(t, err)
	answer.Body.Close()
	if answer.StatusCode != 200 {
		t.Errorf("token: %s", answer.Status)
	}
	answer, err = http.Get(os.Getenv("AZURE_KEYVAULT_URL") + "/certificates?api-version=7.4")
	if err != nil {
		t.Fatal(err) // Go on Linux trusts by SSL_CERT_FILE
	}
	answer.Body.Close()
	if answer.StatusCode != 401 {
		t.Errorf("vault: %s", answer.Status)
	}
	http.DefaultClient.CloseIdleConnections()
}

// A test may set the server up as an operator would.
func TestStartWith(t *testing.T) {
	t.Parallel()
	v := testvault.StartWith(t, `
providers:
  Corp: {kind: ca, allow_dns: ["*.example.org"]}
listen: 127.0.0.1:1
`)
	if status, body := call(t, v, "PUT", "/certificates/issuers/corp", `{"provider":"corp"}`); status != 200 {
		t.Fatalf("issuer: %d %s", status, body)
	}
	ask := func(name string) (int, string) {
		return call(t, v, "POST", "/certificates/web/create", `{"policy":{"issuer":{"name":"corp"},"x509_props":{"subject":"CN=`+name+`"},"key_props":{"kty":"EC","crv":"P-256"}}}`)
	}
	if status, body := ask("www.example.com"); status != 400 || !strings.Contains(body, "www.example.com") {
		t.Errorf("a name that the CA does not allow: %d %s", status, body)
	}
	if status, body := ask("www.example.org"); status != 202 {
		t.Fatalf("create: %d %s", status, body)
	}
	if status, body := call(t, v, "GET", "/certificates/web/pending", ""); status != 200 || !strings.Contains(body, `"completed"`) {
		t.Errorf("pending: %d %s", status, body)
	}
}
