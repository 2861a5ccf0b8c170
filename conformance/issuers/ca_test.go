package issuers_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
)

const caConfig = `providers:
  Internal:
    kind: ca
    common_name: Check Issuing CA
    public_url: http://pki.example.test
    validity_days: 30
  Careful:
    kind: ca
    manual_approval: true
`

// ownCA is a life with the built-in CA behind it and an issuer at one of its providers.
func ownCA(t *testing.T, provider string) *life {
	t.Helper()
	l, err := newLife(program, t.TempDir())
	if err == nil {
		err = l.configure(caConfig)
	}
	if err == nil {
		err = l.issuer(t.Context(), object{"provider": provider})
	}
	must.Do(t, err)
	t.Cleanup(func() {
		l.die()
		if t.Failed() {
			t.Log(strings.Join(l.said, "\n"))
		}
	})
	return l
}

// command runs the program's own command against the life's server.
func (l *life) command(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := l.alive(); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), l.program.Path, args...)
	c.Env = append(os.Environ(), "CERTWRIGHT_DATA="+l.program.Folder)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("certwright %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// pemPolicy is ec with a secret in PEM.
func pemPolicy(subject string, names ...string) object {
	p := ec("ca", subject, names...)
	p["secret_props"] = object{"contentType": "application/x-pem-file"}
	return p
}

// chain reads the certificates of a certificate's secret, leaf first.
func chain(t *testing.T, l *life, name string) (all []*x509.Certificate) {
	t.Helper()
	r, err := l.want(t.Context(), 200, "GET", "/secrets/"+name, nil)
	must.Do(t, err)
	for rest := []byte(r.Text("value")); ; {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			return all
		}
		if b.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(b.Bytes)
		must.Do(t, err)
		all = append(all, c)
	}
}

// verified is what openssl says of a chain: with -x509_strict, and with every
// list of revoked certificates that the chain names.
func verified(t *testing.T, l *life, all []*x509.Certificate, host string) (string, error) {
	t.Helper()
	folder := t.TempDir()
	roots := publishedFile(t, l, "/pki/internal.pem")
	var above, lists []byte
	for _, c := range all {
		if len(c.CRLDistributionPoints) != 1 {
			t.Fatalf("%s names %d lists", c.Subject, len(c.CRLDistributionPoints))
		}
		at, err := url.Parse(c.CRLDistributionPoints[0])
		if err != nil || at.Host != "pki.example.test" {
			t.Fatalf("%s: its list is at %s", c.Subject, c.CRLDistributionPoints[0])
		}
		lists = append(lists, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: publishedFile(t, l, at.Path)})...)
		above = append(above, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	leaf := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: all[0].Raw})
	for name, text := range map[string][]byte{"roots": roots, "above": above, "lists": lists, "leaf": leaf} {
		must.Do(t, os.WriteFile(filepath.Join(folder, name), text, 0o600))
	}
	c := exec.CommandContext(t.Context(), "openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", host,
		"-crl_check_all", "-CRLfile", "lists", "-CAfile", "roots", "-untrusted", "above", "leaf")
	c.Dir = folder
	out, err := c.CombinedOutput()
	return string(out), err
}

func publishedFile(t *testing.T, l *life, path string) []byte {
	t.Helper()
	p, err := l.alive()
	must.Do(t, err)
	text, err := p.File(t.Context(), path)
	must.Do(t, err)
	return text
}

// A certificate of the built-in CA passes openssl at its strictest with the files
// that the side door publishes, until the command line revokes it.
func TestOwnCA(t *testing.T) {
	t.Parallel()
	l := ownCA(t, "Internal")
	ctx := t.Context()
	must.Do(t, l.order(ctx, "web", pemPolicy("www.example.test", "www.example.test", "example.test")))
	if r, err := l.pending(ctx, "web"); err != nil || r.Text("status") != "completed" { // there is nothing to wait for
		t.Fatalf("%v %v", r.Body, err)
	}
	all := chain(t, l, "web")
	all = all[:2] // the root, if it is there, names no list
	if out, err := verified(t, l, all, "example.test"); err != nil {
		t.Fatalf("openssl: %v\n%s", err, out)
	}
	if life := all[0].NotAfter.Sub(all[0].NotBefore); life > 30*24*time.Hour {
		t.Errorf("it lives %v, beyond the profile's 30 days", life)
	}
	if out := l.command(t, "revoke", "web", "--reason", "keyCompromise"); !strings.Contains(out, "keyCompromise") {
		t.Errorf("revoke said %s", out)
	}
	l.die() // what was revoked stays so
	if out, err := verified(t, l, all, "example.test"); err == nil || !strings.Contains(out, "certificate revoked") {
		t.Errorf("openssl on a revoked certificate: %v\n%s", err, out)
	}
}

// A request is refused at once where the CA's profile does not allow it.
func TestOwnCARefuses(t *testing.T) {
	t.Parallel()
	l := ownCA(t, "Internal")
	p := ec("ca", "www.example.test")
	p["key_props"] = object{"kty": "EC", "crv": "P-256K"}
	r, err := l.send(t.Context(), "POST", "/certificates/web/create", object{"policy": p})
	if err != nil || r.Status != 400 {
		t.Errorf("%d %v %v, want 400", r.Status, r.Body, err)
	}
}

// An order waits for an operator, through a death of the server, and does what
// the command line says.
func TestManualApproval(t *testing.T) {
	t.Parallel()
	l := ownCA(t, "Careful")
	ctx := t.Context()
	for _, name := range []string{"wanted", "unwanted", "withdrawn"} {
		must.Do(t, l.order(ctx, name, pemPolicy(name+".example.test", name+".example.test")))
	}
	l.waits(t, 3)
	l.die()
	l.waits(t, 3)
	l.command(t, "approve", "wanted")
	l.die()
	l.command(t, "reject", "unwanted", "--message", "ask the web team")
	if r, err := l.end(ctx, "wanted", 0); err != nil || r.Text("status") != "completed" {
		t.Errorf("approved: %v %v", r.Body, err)
	}
	r, err := l.end(ctx, "unwanted", 0)
	failure, _ := r.Body["error"].(object)
	if err != nil || r.Text("status") != "failed" || failure["code"] != "Request rejected" || !strings.Contains(failure["message"].(string), "ask the web team") {
		t.Errorf("rejected: %v %v", r.Body, err)
	}
	if _, err := l.want(ctx, 200, "PATCH", "/certificates/withdrawn/pending", object{"cancellation_requested": true}); err != nil {
		t.Fatal(err)
	}
	if r, err := l.end(ctx, "withdrawn", time.Second); err != nil || r.Text("status") != "cancelled" {
		t.Errorf("withdrawn: %v %v", r.Body, err)
	}
	for name, word := range map[string]string{"wanted": "Approved by an operator", "unwanted": "ask the web team", "withdrawn": "Cancelled"} {
		if out := l.command(t, "history", name); !strings.Contains(out, word) {
			t.Errorf("the history of %s does not say %q:\n%s", name, word, out)
		}
	}
}

// waits looks until so many orders wait for an operator, as the command line tells it.
func (l *life) waits(t *testing.T, n int) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	for {
		out := l.command(t, "pending", "--json")
		if strings.Count(out, `"waits_for_approval":true`) == n {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("want %d that wait:\n%s", n, out)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
