package renewal_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"testing"
	"time"

	"certwright/examples/renewal"
	"certwright/testvault"
)

const policy = `{"policy": {
	"issuer": {"name": "Self"},
	"key_props": {"kty": "EC"},
	"secret_props": {"contentType": "application/x-pem-file"},
	"x509_props": {"subject": "CN=site.example.org", "sans": {"dns_names": ["site.example.org"]}, "validity_months": 3},
	"lifetime_actions": [{"trigger": {"days_before_expiry": 30}, "action": {"action_type": "AutoRenew"}}]}}`

// The server presents the renewed certificate without being started again.
func TestServerTakesTheRenewedCertificate(t *testing.T) {
	v := testvault.Start(t)
	send(t, v, "POST", "/certificates/site/create", policy)
	for send(t, v, "GET", "/certificates/site/pending", "")["status"] != "completed" {
		time.Sleep(10 * time.Millisecond)
	}
	r := &renewal.Reloader{Client: v.Client(), Secret: v.URL + "/secrets/site", Token: "any"}
	site := httptest.NewUnstartedServer(http.NotFoundHandler())
	site.TLS = &tls.Config{GetCertificate: r.GetCertificate}
	site.StartTLS()
	defer site.Close()

	before := presented(t, site)
	v.Advance(63 * 24 * time.Hour) // three months less thirty days are 59 to 62 days
	after := presented(t, site)
	if before == after {
		t.Error("the server presents the old certificate")
	}
}

// presented is the serial number of the certificate that a server presents.
func presented(t *testing.T, site *httptest.Server) string {
	t.Helper()
	c, err := tls.Dial("tcp", site.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, ServerName: "site.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

func send(t *testing.T, v *testvault.Vault, method, path, body string) (answer map[string]any) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), method, v.URL+path+"?api-version=7.4", bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer any")
	q.Header.Set("Content-Type", "application/json")
	r, err := v.Client().Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil || r.StatusCode >= 300 {
		t.Fatalf("%s %s: %s %v %v", method, path, r.Status, answer, err)
	}
	return answer
}

// The same in Python, with nothing but its standard library.
func TestPython(t *testing.T) {
	v := testvault.Start(t)
	c := exec.CommandContext(t.Context(), "python3", "renewal.py")
	c.Env = v.Env()
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
