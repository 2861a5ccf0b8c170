package ca

import (
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"certwright/internal/authority"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// openssl runs the program and returns what it said.
func openssl(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "openssl", args...).CombinedOutput()
	return string(out), err
}

// A folder of files for openssl.
type folder string

func (f folder) write(t *testing.T, name, kind string, ders ...[]byte) string {
	t.Helper()
	path := filepath.Join(string(f), name)
	must.Do(t, os.WriteFile(path, pemOf(kind, ders...), 0o600))
	return path
}

// check has openssl verify a chain strictly, at a time, with what else is asked.
func (f folder) check(t *testing.T, root string, p vault.Progress, now time.Time, more ...string) (string, error) {
	t.Helper()
	args := append([]string{"verify", "-x509_strict", "-attime", fmt.Sprint(now.Unix()), "-CAfile", root,
		"-untrusted", f.write(t, "chain.pem", "CERTIFICATE", p.Chain[1:]...)}, more...)
	return openssl(t, append(args, f.write(t, "leaf.pem", "CERTIFICATE", p.Chain[0]))...)
}

func (f folder) root(t *testing.T, i *Issuer) string {
	t.Helper()
	return f.write(t, "root.pem", "CERTIFICATE", certificateOf(t, i, "internal-root1.crt").Raw)
}

func TestOpenSSL(t *testing.T) {
	t.Parallel()
	i, _ := newIssuer(t, Settings{PublicURL: "http://pki.example.org", PermittedDNS: []string{"example.org"}})
	for name, key := range map[string]vault.KeyProps{
		"RSA": {Type: vault.RSA, Size: 2048}, "P-256": {Type: vault.EC, Curve: vault.P256, Size: 256},
		"P-384": {Type: vault.EC, Curve: vault.P384, Size: 384}, "P-521": {Type: vault.EC, Curve: vault.P521, Size: 521},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := folder(t.TempDir())
			p := policyOf("CN=www.example.org", vault.SANs{DNS: []string{"*.example.org"}})
			p.Key = key
			_, progress := issue(t, i, orderOf(t, "", p, begin))
			for _, purpose := range []string{"sslserver", "sslclient"} {
				if out, err := at.check(t, at.root(t, i), progress, begin, "-purpose", purpose, "-verify_hostname", "www.example.org"); err != nil {
					t.Errorf("%s: %v\n%s", purpose, err, out)
				}
			}
			if err := verify(t, i, progress, "a.example.org", begin); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("no subject", func(t *testing.T) {
		t.Parallel()
		at := folder(t.TempDir())
		_, progress := issue(t, i, orderOf(t, "", policyOf("", vault.SANs{DNS: []string{"www.example.org"}}), begin))
		if out, err := at.check(t, at.root(t, i), progress, begin, "-purpose", "sslserver"); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// A leaf outside of the name constraints, which only a thief of the key could
// make, is refused by openssl and by Go.
func TestNameConstraintsHold(t *testing.T) {
	t.Parallel()
	at := folder(t.TempDir())
	i, _ := newIssuer(t, Settings{PermittedDNS: []string{"example.org"}, PermittedIPs: []string{"10.0.0.0/8"}})
	issueFor(t, i, "www.example.org", begin)
	a, _, err := i.current(t.Context(), begin)
	must.Do(t, err)
	for name, good := range map[string]bool{"www.example.org": true, "10.1.2.3": true, "www.evil.test": false, "11.1.2.3": false} {
		names := vault.SANs{DNS: []string{name}}
		if isIP(name) {
			names = vault.SANs{IPs: []string{name}}
		}
		w, err := requestOfCSR(orderOf(t, "", policyOf("O=Example", names), begin).CSR)
		must.Do(t, err)
		_, leaf, err := i.leaf(a, Profile{ValidityDays: 90}, w, 1, begin)
		must.Do(t, err)
		p := vault.Progress{Chain: [][]byte{leaf, a.Certificate.Raw}}
		out, err := at.check(t, at.root(t, i), p, begin)
		if (err == nil) != good || !good && !strings.Contains(out, "error 47") {
			t.Errorf("%s: openssl says %v\n%s", name, err, out)
		}
		if err := verify(t, i, p, "", begin); (err == nil) != good {
			t.Errorf("%s: Go says %v", name, err)
		}
	}
}

func TestOpenSSLHonoursLists(t *testing.T) {
	t.Parallel()
	at := folder(t.TempDir())
	i, _ := newIssuer(t, Settings{})
	_, good := issueFor(t, i, "good.example.org", begin)
	_, bad := issueFor(t, i, "bad.example.org", begin)
	lists := func(t *testing.T) string {
		t.Helper()
		return at.write(t, "lists.pem", "X509 CRL", listOf(t, i, "internal-1.crl").Raw, listOf(t, i, "internal-root1.crl").Raw)
	}
	check := func(name string, p vault.Progress, now time.Time, want string) {
		t.Helper()
		out, err := at.check(t, at.root(t, i), p, now, "-crl_check_all", "-CRLfile", lists(t))
		if (err == nil) != (want == "") || !strings.Contains(out, want) {
			t.Errorf("%s: %v, want %q\n%s", name, err, want, out)
		}
	}
	check("an empty list", bad, begin, "")
	revoke(t, i, bad, 1, begin)
	check("the revoked one", bad, begin, "error 23")
	check("another one", good, begin, "")
	check("a list too old", good, begin.Add(8*24*time.Hour), "error 12")

	// After a rollover both issuing CAs have lists that hold.
	must.Do(t, i.Rollover(t.Context()))
	_, next := issueFor(t, i, "next.example.org", begin)
	lists = func(t *testing.T) string {
		t.Helper()
		return at.write(t, "lists.pem", "X509 CRL", listOf(t, i, "internal-1.crl").Raw, listOf(t, i, "internal-2.crl").Raw, listOf(t, i, "internal-root1.crl").Raw)
	}
	check("old and revoked", bad, begin, "error 23")
	check("old", good, begin, "")
	check("new", next, begin, "")
	revoke(t, i, vault.Progress{Chain: next.Chain[1:]}, 1, begin)
	check("of a revoked issuing CA", next, begin, "error 23")
}

// The authorities themselves, as openssl reads them.
func TestAuthoritiesForPeople(t *testing.T) {
	t.Parallel()
	at := folder(t.TempDir())
	i, _ := newIssuer(t, Settings{CommonName: "Example Issuing CA", PermittedDNS: []string{"example.org"}, ExcludedIPs: []string{"0.0.0.0/0"}})
	_, p := issueFor(t, i, "www.example.org", begin)
	for path, want := range map[string][]string{
		at.root(t, i): {"CN = Example Issuing CA Root", "ASN1 OID: secp384r1", "CA:TRUE\n", "Certificate Sign, CRL Sign"},
		at.write(t, "issuing.pem", "CERTIFICATE", p.Chain[1]): {"Subject: CN = Example Issuing CA\n", "ASN1 OID: prime256v1", "CA:TRUE, pathlen:0",
			"X509v3 Name Constraints: critical", "DNS:example.org", "IP:0.0.0.0/0.0.0.0", "X509v3 Authority Key Identifier"},
	} {
		out, err := openssl(t, "x509", "-in", path, "-noout", "-text")
		for _, w := range want {
			if err != nil || !strings.Contains(out, w) {
				t.Errorf("%s lacks %q (%v):\n%s", filepath.Base(path), w, err, out)
			}
		}
	}
}

// A renewed certificate of the same key goes on with the old one's list.
func TestRenewedImport(t *testing.T) {
	t.Parallel()
	dir, at := t.TempDir(), folder(t.TempDir())
	rootKey, key := newKey(t), newKey(t)
	authority := func(cn string, until time.Time) *x509.Certificate {
		return &x509.Certificate{Subject: numbered(cn, 1), SerialNumber: authority.NewSerial(serialOctets), NotBefore: begin.AddDate(-1, 0, 0), NotAfter: until,
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	}
	root := authority("Foreign Root", begin.AddDate(9, 0, 0))
	root = signed(t, root, root, rootKey.Public(), rootKey)
	w := &watch{at: begin}
	accounts := sqltest.Accounts(t)
	start := func(until time.Time) *Issuer {
		t.Helper()
		f := foreign{[]*x509.Certificate{signed(t, authority("Foreign", until), root, key.Public(), rootKey), root}, key}
		return open(t, Issuer{Name: "Internal", Settings: Settings{Import: writeImport(t, dir, f)}, Accounts: accounts, Clock: w})
	}
	one := start(begin.AddDate(1, 0, 0))
	_, p := issueFor(t, one, "www.example.org", begin)
	revoke(t, one, p, 1, begin)
	before := listOf(t, one, "internal-1.crl")

	two := start(begin.AddDate(2, 0, 0))
	_, q := issueFor(t, two, "www.example.org", begin)
	revoke(t, two, q, 1, begin)
	after := listOf(t, two, "internal-2.crl")
	if len(after.RevokedCertificateEntries) != 2 || numberOf(after) <= numberOf(before) {
		t.Errorf("%d entries, number %v after %v; want both under a higher number", len(after.RevokedCertificateEntries), after.Number, before.Number)
	}
	lists := at.write(t, "lists.pem", "X509 CRL", after.Raw)
	for _, p := range []vault.Progress{p, q} {
		if out, err := at.check(t, at.write(t, "root.pem", "CERTIFICATE", root.Raw), p, begin, "-crl_check", "-CRLfile", lists); err == nil || !strings.Contains(out, "error 23") {
			t.Errorf("%v\n%s", err, out)
		}
	}
}
