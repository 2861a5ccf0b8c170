package certs

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/keys"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// valueOf is the value of the secret of a version, of which the first
// certificate is the key's.
func valueOf(t testing.TB, private []byte, chain [][]byte, contentType, id string) string {
	t.Helper()
	value, err := SecretValue(private, chain[0], chain, contentType, id, SecretForm3DES)
	must.Do(t, err)
	return value
}

// The values that were handed out stay what they were, byte for byte. testdata
// holds some of every form; a change that breaks this test needs another form
// beside the old one, not other files. They lie there as PEM, the key first.
func TestSecretFormsHold(t *testing.T) {
	t.Parallel()
	const id = "f366e1a9dd774288ad84a45a5f620352"
	for _, name := range []string{"P-256", "RSA-2048"} {
		dir := filepath.Join("testdata", "secret-1")
		text := read(t, filepath.Join(dir, name+".pem"))
		key, rest := pem.Decode([]byte(text))
		var chain [][]byte
		for b, rest := pem.Decode(rest); b != nil; b, rest = pem.Decode(rest) {
			chain = append(chain, b.Bytes)
		}
		if len(chain) != 2 {
			t.Fatalf("%d certificates in %s", len(chain), name)
		}
		if valueOf(t, key.Bytes, chain, vault.PEM, id) != text {
			t.Errorf("%s: the PEM has changed", name)
		}
		if valueOf(t, key.Bytes, chain, vault.PKCS12, id)+"\n" != read(t, filepath.Join(dir, name+".pfx.txt")) {
			t.Errorf("%s: the PFX has changed", name)
		}
		if valueOf(t, nil, chain, vault.PKCS12, id)+"\n" != read(t, filepath.Join(dir, name+"-without-key.pfx.txt")) {
			t.Errorf("%s: the PFX without the key has changed", name)
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	must.Do(t, err)
	return string(text)
}

// Every version has salts of its own, and no two parts of a file share one.
func TestSaltsDiffer(t *testing.T) {
	t.Parallel()
	k, chain := issued(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	other := newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	seen := map[string]bool{}
	for i, private := range [][]byte{pkcs8(t, k), pkcs8(t, other), nil} {
		for _, id := range []string{"a", "b"} {
			value := valueOf(t, private, chain, vault.PKCS12, id)
			if value != valueOf(t, private, chain, vault.PKCS12, id) {
				t.Errorf("key %d, version %s: the value is another one when asked again", i, id)
			}
			der, err := base64.StdEncoding.DecodeString(value)
			must.Do(t, err)
			// an OCTET STRING of 8 bytes; certificates could hold one, but here none does
			salts := bytes.Count(der, []byte{4, 8})
			for at := der; ; {
				n := bytes.Index(at, []byte{4, 8})
				if n < 0 || len(at) < n+10 {
					break
				}
				at = at[n+2:]
				if seen[string(at[:8])] {
					t.Errorf("key %d, version %s: a salt was there before", i, id)
				}
				seen[string(at[:8])] = true
			}
			if want := map[bool]int{true: 3, false: 2}[private != nil]; salts < want {
				t.Errorf("key %d, version %s: %d salts, want %d", i, id, salts, want)
			}
		}
	}
}

// A value in a form of a later program is not made up.
func TestUnknownFormIsRefused(t *testing.T) {
	t.Parallel()
	k, chain := issued(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	for _, form := range []SecretForm{0, SecretForm3DES + 1, -1} {
		for _, contentType := range []string{vault.PEM, vault.PKCS12} {
			if value, err := SecretValue(pkcs8(t, k), chain[0], chain, contentType, "a", form); err == nil || value != "" {
				t.Errorf("form %d of %s: %q, %v", form, contentType, value, err)
			}
		}
	}
}

// The strictest readers open what has no password: NSS and GnuTLS, as Firefox and
// wget use them, and keytool; openssl, node, python and Java's key stores are in
// interop_test.go.
func TestSecretsOpenInStores(t *testing.T) {
	t.Parallel()
	for _, kind := range []vault.KeyProps{{Type: vault.EC, Curve: vault.P256}, {Type: vault.RSA, Size: 2048}} {
		k, chain := issued(t, kind)
		der, err := base64.StdEncoding.DecodeString(valueOf(t, pkcs8(t, k), chain, vault.PKCS12, "a"))
		must.Do(t, err)
		m := made{dir: t.TempDir()}
		write(t, m.file("a.p12"), der)
		t.Run(string(kind.Type)+" NSS", func(t *testing.T) {
			t.Parallel()
			lookPath(t, "pk12util")
			m.run(t, "certutil", "-N", "-d", "sql:.", "--empty-password")
			m.run(t, "pk12util", "-i", "a.p12", "-d", "sql:.", "-W", "", "-K", "")
			if out := m.says(t, "certutil", "-K", "-d", "sql:."); !strings.Contains(out, "www.contoso.com") {
				t.Errorf("NSS has no key of the certificate:\n%s", out)
			}
		})
		t.Run(string(kind.Type)+" GnuTLS", func(t *testing.T) {
			t.Parallel()
			out := m.says(t, "certtool", "--p12-info", "--inder", "--infile", "a.p12", "--null-password")
			if strings.Count(out, "BEGIN CERTIFICATE") != 2 || !strings.Contains(out, "PRIVATE KEY") || strings.Contains(out, "rror") {
				t.Errorf("certtool finds\n%s", out)
			}
		})
		t.Run(string(kind.Type)+" keytool", func(t *testing.T) {
			t.Parallel()
			out := m.says(t, "keytool", "-list", "-v", "-storetype", "PKCS12", "-keystore", "a.p12", "-storepass", "")
			if !strings.Contains(out, "PrivateKeyEntry") || !strings.Contains(out, "Certificate chain length: 2") {
				t.Errorf("keytool finds\n%s", out)
			}
		})
	}
}

// says runs a tool in the folder and returns what it printed.
func (m made) says(t *testing.T, program string, args ...string) string {
	t.Helper()
	cmd := exec.Command(lookPath(t, program), args...)
	cmd.Dir = m.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
	return string(out)
}

func pkcs8(t testing.TB, k keys.Key) []byte {
	t.Helper()
	der, err := k.PKCS8()
	must.Do(t, err)
	return der
}

// writePFX writes a key and certificates as the PFX of some version. A nil key
// leaves the certificates alone.
func writePFX(k *keys.Key, chain [][]byte) ([]byte, error) {
	var private, leaf []byte
	if k != nil {
		var err error
		if private, err = k.PKCS8(); err != nil {
			return nil, err
		}
		if at, err := FindLeaf(chain, k.PKIX()); err == nil { // else a key beside certificates that are not its own
			leaf = chain[at]
		}
	}
	value, err := SecretValue(private, leaf, chain, vault.PKCS12, vault.NewID(), SecretForm3DES)
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(value)
}
