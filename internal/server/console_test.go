package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
)

// A visitor is a browser without scripts: it sends forms and follows where it is led.
type visitor struct {
	t    *testing.T
	base string
}

func visit(t *testing.T, s *Server) visitor { return visitor{t, s.Ready.HTTPURL} }

// page gets a page that must be there.
func (v visitor) page(path string) string {
	v.t.Helper()
	got := ask(v.t, http.DefaultClient, "GET", v.base+path, "", "Sec-Fetch-Site", "same-origin")
	if got.status != 200 {
		v.t.Fatalf("%s: %d %s", path, got.status, got.body)
	}
	return got.body
}

// send sends a form and returns the page that it leads to, with its status.
func (v visitor) send(path string, form ...string) (status int, at, page string) {
	v.t.Helper()
	fields := url.Values{}
	for i := 0; i < len(form); i += 2 {
		fields.Add(form[i], form[i+1])
	}
	r, err := http.NewRequestWithContext(v.t.Context(), "POST", v.base+path, strings.NewReader(fields.Encode()))
	must.Do(v.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	answer, err := http.DefaultClient.Do(r)
	must.Do(v.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must.Do(v.t, err)
	return answer.StatusCode, answer.Request.URL.Path + "?" + answer.Request.URL.RawQuery, string(text)
}

// sends is send of what must be taken, and end on a page that says so.
func (v visitor) sends(path, says string, form ...string) string {
	v.t.Helper()
	status, at, page := v.send(path, form...)
	if status != 200 || !strings.Contains(page, says) {
		v.t.Fatalf("%s: %d at %s, which does not say %q:\n%s", path, status, at, says, page)
	}
	return page
}

// newForm is the form of a new certificate as a browser sends it.
func newForm(name, issuer string, more ...string) []string {
	return append([]string{"vault", "default", "name", name, "issuer", issuer, "dns", name + ".example.test", "key", "EC-P-256", "months", "12",
		"content", "application/x-pkcs12", "action", "AutoRenew", "trigger", "percent", "at", "80", "exportable", "yes"}, more...)
}

// signed signs a CSR as an authority elsewhere would, and sends nothing along.
func signed(t *testing.T, csr string) string {
	t.Helper()
	leaf, _ := signedAs(t, csr, func(*x509.Certificate) {})
	return leaf
}

// signedAs signs a CSR with changes, and returns the authority's certificate too.
func signedAs(t *testing.T, csr string, change func(leaf *x509.Certificate)) (signed, authority string) {
	t.Helper()
	block, _ := pem.Decode([]byte(csr))
	if block == nil {
		t.Fatalf("no CSR: %s", csr)
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	must.Do(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Elsewhere"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour * 24 * 900)}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: request.Subject, DNSNames: request.DNSNames, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour * 24 * 300)}
	change(leaf)
	der, err := x509.CreateCertificate(rand.Reader, leaf, root, request.PublicKey, key)
	must.Do(t, err)
	ca, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	must.Do(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca}))
}

// A person makes a CSR, has it signed elsewhere and merges it, without scripts;
// what is wrong on the way is said on the page.
func TestConsoleMerge(t *testing.T) {
	t.Parallel()
	v := visit(t, run(t))
	if got := v.page("/ui/"); !strings.Contains(got, "No certificate yet") {
		t.Errorf("an empty server's overview: %s", got)
	}
	v.sends("/ui/new", "The certificate was ordered.", newForm("mail", "Unknown")...)
	if status, _, page := v.send("/ui/new", newForm("mail", "Unknown")...); status != 409 || !strings.Contains(page, "has a certificate mail already") || !strings.Contains(page, "mail.example.test") {
		t.Errorf("the same name again: %d %s", status, page)
	}
	csr := v.page("/ui/certificates/default/mail/download?form=csr")
	if status, _, page := v.send("/ui/certificates/default/mail/merge", "signed", "nonsense"); status != 400 || !strings.Contains(page, "There is no certificate in that.") {
		t.Errorf("nonsense merged: %d %s", status, page)
	}
	page := v.sends("/ui/certificates/default/mail/merge", "The certificate was merged.", "signed", signed(t, csr))
	if !strings.Contains(page, "completed") {
		t.Errorf("after the merge: %s", page)
	}
	if page := v.page("/ui/certificates/default/mail?tab=details"); !strings.Contains(page, "CN=Elsewhere (not in the chain)") || !strings.Contains(page, "mail.example.test") {
		t.Errorf("details: %s", page)
	}
	waitUntil(t, 20*time.Second, func() bool { // what is listed is counted beside the requests
		return strings.Contains(v.page("/ui/certificates?state=hand"), "/ui/certificates/default/mail")
	})
}

// Every button of a certificate's page does what it says, and the page shows it.
func TestConsoleButtons(t *testing.T) {
	t.Parallel()
	v := visit(t, run(t))
	at := "/ui/certificates/default/web"
	v.sends("/ui/new", "waits for a person", newForm("web", "Unknown")...)
	v.sends(at+"/cancel", "The order is being cancelled.")
	v.sends(at+"/keep", "The order goes on.")
	v.sends(at+"/cancel", "Keep the order")
	v.sends(at+"/discard", "The order was removed.")
	v.sends(at+"/policy", "The policy was saved", "issuer", "Self", "subject", "CN=web", "dns", "a.example.test\nb.example.test", "emails", "", "ips", "", "key", "RSA-2048", "months", "6",
		"content", "application/x-pem-file", "action", "AutoRenew", "trigger", "days", "at", "30", "exportable", "yes")
	v.sends(at+"/policy-json", "The policy was saved", "json", `{"x509_props":{"validity_months":5}}`)
	page := v.page(at + "?tab=policy")
	for _, want := range []string{`a.example.test`, `&#34;validity_months&#34;: 5`, `&#34;days_before_expiry&#34;: 30`, `value="application/x-pem-file" selected`} {
		if !strings.Contains(page, want) {
			t.Errorf("the policy has no %s: %s", want, page)
		}
	}
	if status, _, page := v.send(at+"/policy", "issuer", "Self", "subject", "no name", "dns", "", "emails", "", "ips", "", "key", "RSA-2048", "months", "6", "at", "80"); status != 400 || !strings.Contains(page, "no name") {
		t.Errorf("a bad policy: %d %s", status, page)
	}
	v.sends(at+"/renew", "A new version was ordered.")
	settled := ask(t, http.DefaultClient, "POST", v.base+"/admin/clock", `{"advance":"1m"}`)
	if settled.status != 200 {
		t.Fatal(settled.body)
	}
	v.sends(at+"/tags", "The tags were saved.", "tags", "team=mail\nenv = test")
	v.sends(at+"/disable", "It was disabled.")
	if page := v.page("/ui/certificates?state=disabled&text=team%3Dmail"); !strings.Contains(page, "/ui/certificates/default/web") {
		t.Errorf("found by its tag: %s", page)
	}
	v.sends(at+"/enable", "It was enabled.")
	v.sends("/ui/certificates", "Done with all", "do", "tag", "tag", "owner=ann", "on", "default/web")
	if page := v.page(at + "?tab=manage"); !strings.Contains(page, "env=test\nowner=ann\nteam=mail\n") {
		t.Errorf("tags: %s", page)
	}
	if status, _, page := v.send("/ui/certificates", "do", "disable", "on", "default/web", "on", "default/nobody"); status != 409 || !strings.Contains(page, "Done with 1, not done with 1") {
		t.Errorf("two, of which one is not there: %d %s", status, page)
	}
	crowd := []string{"do", "disable"}
	for range 51 {
		crowd = append(crowd, "on", "default/web")
	}
	if status, _, page := v.send("/ui/certificates", crowd...); status != 400 || !strings.Contains(page, "50 at a time") {
		t.Errorf("more than a page shows: %d %s", status, page)
	}
	if page := v.page(at + "?tab=versions"); strings.Count(page, "(current)") != 1 {
		t.Errorf("versions: %s", page)
	}
	if status, _, page := v.send(at+"/revoke", "name", "web", "reason", "superseded"); status != 409 || !strings.Contains(page, "signed itself") {
		t.Errorf("revoked: %d %s", status, page)
	}
	if status, _, _ := v.send(at+"/delete", "name", "other"); status != 400 {
		t.Errorf("deleted without its name: %d", status)
	}
}

// A private key is given out only to who types the name again, and stands on no page.
func TestConsoleKey(t *testing.T) {
	t.Parallel()
	s := run(t)
	v := visit(t, s)
	at := "/ui/certificates/default/web"
	v.sends("/ui/new", "The certificate was ordered.", newForm("web", "Self")...)
	if moved := ask(t, http.DefaultClient, "POST", v.base+"/admin/clock", `{"advance":"1m"}`); moved.status != 200 {
		t.Fatal(moved.body)
	}
	if status, _, page := v.send(at+"/key", "form", "pem", "name", "wrong"); status != 400 || strings.Contains(page, "PRIVATE KEY") {
		t.Errorf("without the name: %d", status)
	}
	if status, _, file := v.send(at+"/key", "form", "pem", "name", "web"); status != 200 || !strings.Contains(file, "BEGIN PRIVATE KEY") || !strings.Contains(file, "BEGIN CERTIFICATE") {
		t.Errorf("with the name: %d %s", status, file)
	}
	for _, tab := range []string{"details", "order", "versions", "policy", "manage"} {
		if page := v.page(at + "?tab=" + tab); strings.Contains(page, "PRIVATE KEY") {
			t.Errorf("%s has a private key", tab)
		}
	}
	chain := v.page(at + "/download?form=chain")
	if block, _ := pem.Decode([]byte(chain)); block == nil || block.Type != "CERTIFICATE" || strings.Contains(chain, "PRIVATE") {
		t.Errorf("chain: %s", chain)
	}
}

// Pages of other sites can do nothing here, whatever name they call the server by.
func TestConsoleGuard(t *testing.T) {
	t.Parallel()
	s := run(t)
	for name, c := range map[string]struct {
		method string
		header []string
		want   int
	}{
		"a link elsewhere":         {"GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 200},
		"a frame elsewhere":        {"GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403},
		"a script elsewhere":       {"GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors"}, 403},
		"a form elsewhere":         {"POST", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 403},
		"an old browser elsewhere": {"POST", []string{"Origin", "https://elsewhere.example"}, 403},
		"another name":             {"GET", []string{"Host", "elsewhere.example"}, 403},
		"typed":                    {"GET", []string{"Sec-Fetch-Site", "none"}, 200},
	} {
		path := "/ui/"
		if c.method == "POST" {
			path = "/ui/new"
		}
		if got := ask(t, http.DefaultClient, c.method, s.Ready.HTTPURL+path, "", c.header...); got.status != c.want {
			t.Errorf("%s: %d, want %d", name, got.status, c.want)
		} else if policy := got.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: content policy %q", name, policy)
		}
	}
	if got := ask(t, http.DefaultClient, "GET", s.Ready.HTTPURL+"/", "", "Accept", "text/html"); got.status != 200 || !strings.Contains(got.body, "Overview") {
		t.Errorf("a browser at /: %d", got.status)
	}
	if got := ask(t, http.DefaultClient, "GET", s.Ready.HTTPURL+"/", ""); got.status != 404 {
		t.Errorf("a program at /: %d", got.status)
	}
	if got := ask(t, client(t, s), "GET", s.Ready.IPURL+"/ui/", ""); got.status == 200 {
		t.Error("the pages are at the vault's host")
	}
}
