package certs

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/keys"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// A made is a key with its certificate and a chain of five, in the files that
// other makers' tools take.
type made struct {
	dir   string // leaf.key, leaf.pem, ca.pem (its issuer), chain.pem (all six); all.p12 with password "secret"
	key   keys.Key
	chain [][]byte // the leaf first, then issuer by issuer
}

// longChain makes a key, its certificate and five authorities above it.
func longChain(t *testing.T) made {
	t.Helper()
	m := made{dir: t.TempDir(), key: sharedKey(t, vault.KeyProps{Type: vault.RSA, Size: 2048})}
	signer, parent := keys.Key{}, (*x509.Certificate)(nil)
	for i := range 6 {
		k := m.key
		if i < 5 {
			k = newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: fmt.Sprint("level ", i)},
			NotBefore: testNow, NotAfter: testNow.AddDate(1, 0, 0), BasicConstraintsValid: true, IsCA: i < 5}
		if i == 0 {
			signer, parent = k, template
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, k.Signer().Public(), signer.Signer())
		must.Do(t, err)
		if parent, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
		signer, m.chain = k, append([][]byte{der}, m.chain...)
	}
	write(t, m.file("leaf.key"), []byte(keyOf(t, m.key)))
	write(t, m.file("leaf.pem"), []byte(certificatesOf(t, m.chain[:1])))
	write(t, m.file("ca.pem"), []byte(certificatesOf(t, m.chain[1:2])))
	write(t, m.file("chain.pem"), []byte(certificatesOf(t, m.chain)))
	m.run(t, "openssl", "pkcs12", "-export", "-inkey", "leaf.key", "-in", "chain.pem", "-name", "leaf", "-passout", "pass:secret", "-out", "all.p12")
	return m
}

func (m made) file(name string) string { return filepath.Join(m.dir, name) }

// run runs a maker's tool in the folder.
func (m made) run(t *testing.T, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(lookPath(t, program), args...)
	cmd.Dir = m.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
}

// check reads a PFX that a tool wrote: the key, and so many certificates.
func (m made) check(t *testing.T, name, password string, certificates int) {
	t.Helper()
	pfx, err := os.ReadFile(m.file(name))
	must.Do(t, err)
	b, err := ReadPFX(t.Context(), pfx, password)
	if err != nil {
		t.Fatal(err, errors.Unwrap(err))
	}
	if diff := cmp.Diff(m.chain[:certificates], Order(b.Chain, b.Leaf)); diff != "" || !bytes.Equal(b.Key.PKIX(), m.key.PKIX()) {
		t.Errorf("certificates (-given +read), or another key:\n%s", diff)
	}
	_, err = ReadPFX(t.Context(), pfx, password+"x")
	wantRefusal(t, err, vault.BadPFX())
}

// GnuTLS encrypts the key and each certificate on its own, at 600,000 rounds.
func TestReadPFXOfGnuTLS(t *testing.T) {
	t.Parallel()
	m := longChain(t)
	const ca, chain = "--load-certificate leaf.pem --load-ca-certificate ca.pem ", "--load-certificate chain.pem "
	for _, c := range []struct {
		name, args, password string
		certificates         int
	}{
		{"default, chain of five", chain + "--password secret", "secret", 6},
		{"no password, 3DES, chain of five", chain + "--pkcs-cipher 3des-pkcs12 --null-password", "", 6},
		{"not ASCII", ca + "--password pässwörd€", "pässwörd€", 2},
		{"no password", ca + "--null-password", "", 2},
		{"an empty password", ca + "--empty-password", "", 2},
		{"PBES2 with 3DES, SHA-512", ca + "--pkcs-cipher 3des --hash sha512 --password secret", "secret", 2},
		{"RC2 of 40 bits", ca + "--pkcs-cipher rc2-40 --password secret", "secret", 2},
		{"RC4", ca + "--pkcs-cipher arcfour --password secret", "secret", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			out := strings.ReplaceAll(c.name, " ", "-") + ".p12"
			m.run(t, "certtool", append(strings.Fields(c.args), "--to-p12", "--load-privkey", "leaf.key", "--p12-name", "leaf", "--outder", "--outfile", out)...)
			m.check(t, out, c.password, c.certificates)
		})
	}
}

// NSS, which Firefox and Thunderbird export with, names ciphers in its own words.
func TestReadPFXOfNSS(t *testing.T) {
	t.Parallel()
	lookPath(t, "certutil")
	lookPath(t, "pk12util")
	m := longChain(t)
	m.run(t, "certutil", "-N", "-d", "sql:.", "--empty-password")
	m.run(t, "pk12util", "-i", "all.p12", "-d", "sql:.", "-W", "secret")
	const pbe = "PKCS #12 V2 PBE With SHA-1 And "
	for i, c := range []struct{ name, key, certificates, password string }{
		{"default", "", "", "secret"},
		{"3DES", pbe + "3KEY Triple DES-CBC", pbe + "3KEY Triple DES-CBC", "secret"},
		{"3DES, an empty password", pbe + "3KEY Triple DES-CBC", pbe + "3KEY Triple DES-CBC", ""},
		{"RC2 of 128 bits", pbe + "3KEY Triple DES-CBC", pbe + "128 Bit RC2 CBC", "secret"},
		{"RC2 of 40 bits, RC4", pbe + "128 Bit RC4", pbe + "40 Bit RC2 CBC", "secret"},
		{"certificates in the clear", "AES-256-CBC", "none", "secret"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			out := fmt.Sprint(i, ".p12")
			args := []string{"-o", out, "-n", "leaf", "-d", "sql:.", "-W", c.password}
			if c.key != "" {
				args = append(args, "-c", c.key, "-C", c.certificates)
			}
			m.run(t, "pk12util", args...)
			m.check(t, out, c.password, 6)
		})
	}
}

// Java's keytool writes 10,000 rounds.
func TestReadPFXOfJava(t *testing.T) {
	t.Parallel()
	m := longChain(t)
	m.run(t, "keytool", "-importkeystore", "-noprompt", "-srckeystore", "all.p12", "-srcstorepass", "secret", "-destkeystore", "java.p12", "-deststoretype", "PKCS12", "-deststorepass", "secret")
	m.check(t, "java.p12", "secret", 6)
}

// What a tool encrypts in a way that is not read here is refused by a sentence
// that says so, not as a file that is no PFX.
func TestReadPFXRefusesOtherEncryption(t *testing.T) {
	t.Parallel()
	m := longChain(t)
	for name, args := range map[string]string{"PBES2 with Camellia": "-certpbe CAMELLIA-128-CBC", "a MAC with MD5": "-macalg md5"} {
		out := strings.ReplaceAll(name, " ", "-")
		m.run(t, "openssl", append(strings.Fields("pkcs12 -export -inkey leaf.key -in leaf.pem -passout pass:secret -out "+out), strings.Fields(args)...)...)
		pfx, err := os.ReadFile(m.file(out))
		must.Do(t, err)
		_, err = ReadPFX(t.Context(), pfx, "secret")
		wantRefusal(t, err, vault.OddEncryption())
	}
}

// A certificate may not have more extensions than are ever needed: looking
// through them would keep the server busy.
func TestCertificateOfManyExtensions(t *testing.T) {
	t.Parallel()
	m := longChain(t)
	for _, n := range []int{200, 5_000} {
		var conf strings.Builder
		conf.WriteString("[req]\ndistinguished_name = dn\nx509_extensions = ext\nprompt = no\n[dn]\nCN = many\n[ext]\n")
		for i := range n {
			fmt.Fprintf(&conf, "1.2.3.4.%d = ASN1:NULL\n", i)
		}
		write(t, m.file("many.conf"), []byte(conf.String()))
		m.run(t, "openssl", "req", "-x509", "-key", "leaf.key", "-config", "many.conf", "-out", "many.pem")
		text, err := os.ReadFile(m.file("many.pem"))
		must.Do(t, err)
		_, err = ReadPEM(t.Context(), append(text, keyOf(t, m.key)...), "")
		if n > maxExtensions {
			wantRefusal(t, err, vault.BadX509())
		} else if err != nil {
			t.Errorf("%d extensions: %v", n, err)
		}
	}
}
