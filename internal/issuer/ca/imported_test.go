package ca

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// A foreign is an issuing CA made elsewhere, with its root.
type foreign struct {
	chain []*x509.Certificate
	key   crypto.Signer
}

func newImport(t *testing.T, cn string, from, to time.Time, change ...func(*x509.Certificate)) foreign {
	t.Helper()
	rootKey, key := newKey(t), newKey(t)
	authority := func(cn string, serial int64) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: cn}, SerialNumber: big.NewInt(serial), NotBefore: from, NotAfter: to,
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	}
	root := authority("Foreign Root", 1)
	root = signed(t, root, root, rootKey.Public(), rootKey)
	issuing := authority(cn, 2)
	for _, c := range change {
		c(issuing)
	}
	return foreign{[]*x509.Certificate{signed(t, issuing, root, key.Public(), rootKey), root}, key}
}

func signed(t *testing.T, template, parent *x509.Certificate, public crypto.PublicKey, by crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, by)
	must.Do(t, err)
	c, err := x509.ParseCertificate(der)
	must.Do(t, err)
	return c
}

func pemOf(kind string, ders ...[]byte) []byte {
	var text []byte
	for _, der := range ders {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
	}
	return text
}

func keyPEM(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must.Do(t, err)
	return pemOf("PRIVATE KEY", der)
}

func writeImport(t *testing.T, dir string, f foreign) Import {
	t.Helper()
	at := Import{Certificate: filepath.Join(dir, "ca.pem"), Key: filepath.Join(dir, "ca.key")}
	write(t, at.Certificate, pemOf("CERTIFICATE", rawOf(f.chain)...))
	write(t, at.Key, keyPEM(t, f.key))
	return at
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	must.Do(t, os.WriteFile(path, text, 0o600))
}

func TestImport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := newImport(t, "Foreign Issuing CA", begin.AddDate(-1, 0, 0), begin.AddDate(1, 0, 0))
	i, w := newIssuer(t, Settings{Import: writeImport(t, dir, f)})
	leaf, p := issueFor(t, i, "www.example.org", begin)
	if len(p.Chain) != 2 || !bytes.Equal(p.Chain[1], f.chain[0].Raw) {
		t.Errorf("the chain has %d certificates, want the leaf and the imported issuing CA", len(p.Chain))
	}
	if err := leaf.CheckSignatureFrom(f.chain[0]); err != nil {
		t.Error(err)
	}
	if _, body, err := i.File(t.Context(), "internal.pem"); err != nil || !bytes.Equal(body, pemOf("CERTIFICATE", f.chain[1].Raw)) {
		t.Errorf("the bundle is not the foreign root: %s, %v", body, err)
	}
	if err := i.Rollover(t.Context()); err == nil || !strings.Contains(err.Error(), "imported") {
		t.Errorf("a rollover of an imported CA: %v, want a refusal", err)
	}

	// The key's file is not needed any more.
	must.Do(t, os.Remove(i.Settings.Import.Key))
	again := open(t, Issuer{Name: i.Name, Settings: i.Settings, Accounts: i.Accounts, Clock: w})
	issueFor(t, again, "www.example.org", begin)

	// Other files are a rollover; what the old one signed can still be revoked.
	g := newImport(t, "Next Issuing CA", begin.AddDate(-1, 0, 0), begin.AddDate(1, 0, 0))
	next := open(t, Issuer{Name: i.Name, Settings: Settings{Import: writeImport(t, dir, g)}, Accounts: i.Accounts, Clock: w})
	if leaf, _ := issueFor(t, next, "www.example.org", begin); leaf.Issuer.CommonName != "Next Issuing CA" {
		t.Errorf("issued by %s, want the new one", leaf.Issuer)
	}
	if err := next.Revoke(t.Context(), vault.Revocation{Chain: p.Chain, Ref: p.Ref, Now: begin}); err != nil {
		t.Error(err)
	}
	if n := len(listOf(t, next, "internal-1.crl").RevokedCertificateEntries); n != 1 {
		t.Errorf("%d entries on the old one's list, want 1", n)
	}
}

func TestImportRefused(t *testing.T) {
	t.Parallel()
	from, to := begin.AddDate(-1, 0, 0), begin.AddDate(1, 0, 0)
	good := newImport(t, "Foreign Issuing CA", from, to)
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	must.Do(t, err)
	change := func(c func(*x509.Certificate)) foreign { return newImport(t, "Foreign Issuing CA", from, to, c) }
	for name, c := range map[string]struct {
		f     foreign
		spoil func(t *testing.T, at Import)
		want  string
	}{
		"no CA":           {change(func(c *x509.Certificate) { c.IsCA = false; c.KeyUsage = x509.KeyUsageDigitalSignature }), nil, "CA:TRUE"},
		"no keyCertSign":  {change(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }), nil, "keyCertSign"},
		"no cRLSign":      {change(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign }), nil, "cRLSign"},
		"unknown":         {change(unknownCritical), nil, "critical extension"},
		"other key":       {foreign{good.chain, newKey(t)}, nil, "not the key of"},
		"weak key":        {foreign{good.chain, p224}, nil, "not a key to sign"},
		"wrong order":     {foreign{[]*x509.Certificate{good.chain[1], good.chain[0]}, good.key}, nil, "did not sign"},
		"no certificate":  {good, func(t *testing.T, at Import) { write(t, at.Certificate, []byte("x")) }, "no certificate in PEM"},
		"bad certificate": {good, func(t *testing.T, at Import) { write(t, at.Certificate, pemOf("CERTIFICATE", []byte("x"))) }, "cannot be read"},
		"no key":          {good, func(t *testing.T, at Import) { write(t, at.Key, []byte("x")) }, "no private key"},
		"bad key":         {good, func(t *testing.T, at Import) { write(t, at.Key, pemOf("PRIVATE KEY", []byte("x"))) }, "no private key that can be read"},
		"encrypted key":   {good, func(t *testing.T, at Import) { write(t, at.Key, pemOf("ENCRYPTED PRIVATE KEY", []byte("x"))) }, "without a passphrase"},
		"gone":            {good, func(t *testing.T, at Import) { _ = os.Remove(at.Certificate) }, "no such file"},
		"key gone":        {good, func(t *testing.T, at Import) { _ = os.Remove(at.Key) }, "not imported before"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := writeImport(t, t.TempDir(), c.f)
			if c.spoil != nil {
				c.spoil(t, at)
			}
			_, err := New(t.Context(), Issuer{Name: "Internal", Settings: Settings{Import: at}, Accounts: sqltest.Accounts(t), Clock: &watch{at: begin}})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "import.") {
				t.Errorf("%v, want the key of the setting and %q", err, c.want)
			}
		})
	}
}

func unknownCritical(c *x509.Certificate) {
	c.ExtraExtensions = []pkix.Extension{{Id: []int{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
}

// Keys come in the forms that openssl writes.
func TestReadKey(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must.Do(t, err)
	ec, ok := newKey(t).(*ecdsa.PrivateKey)
	if !ok {
		t.Fatal("no EC key")
	}
	sec1, err := x509.MarshalECPrivateKey(ec)
	must.Do(t, err)
	for name, c := range map[string]struct {
		text []byte
		key  crypto.Signer
	}{
		"PKCS#8 RSA": {keyPEM(t, rsaKey), rsaKey},
		"PKCS#1":     {pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), rsaKey},
		"PKCS#8 EC":  {keyPEM(t, ec), ec},
		"SEC1":       {append(pemOf("EC PARAMETERS", []byte{6, 1, 0}), pemOf("EC PRIVATE KEY", sec1)...), ec},
	} {
		path := filepath.Join(t.TempDir(), "key.pem")
		write(t, path, c.text)
		if key, err := readKey(path); err != nil || !sameKey(key.Public(), c.key.Public()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
