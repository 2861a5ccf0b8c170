package certs

import (
	"bytes"
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

// issued is a key with the certificate of an authority on it, and that authority's.
func issued(t testing.TB, p vault.KeyProps) (keys.Key, [][]byte) {
	t.Helper()
	k := sharedKey(t, p)
	ca, err := NewAuthority("Test Issuing CA", testNow)
	must.Do(t, err)
	csr, err := Request(k, webProps())
	must.Do(t, err)
	leaf, err := ca.Issue(csr, 12, testNow)
	must.Do(t, err)
	return k, [][]byte{leaf, ca.Certificate}
}

// writeFiles writes a PFX and a PEM file of every kind of key into a folder.
func writeFiles(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, kind := range keyKinds {
		if kind.name == "RSA-3072" || kind.name == "RSA-4096" {
			continue // nothing of their own here, and slow to make
		}
		k, chain := issued(t, kind.props)
		pfx, err := writePFX(&k, chain)
		must.Do(t, err)
		text, err := WritePEM(&k, chain)
		must.Do(t, err)
		write(t, filepath.Join(dir, kind.name+".pfx"), pfx)
		write(t, filepath.Join(dir, kind.name+".pem"), []byte(text))
	}
	return dir
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	must.Do(t, os.WriteFile(file, data, 0o600))
}

// The secrets open in the programs that people use them in (docs/clients.md).
func TestSecretsOpenElsewhere(t *testing.T) {
	t.Parallel()
	dir := writeFiles(t)
	for _, c := range []struct {
		program string
		args    []string
		script  string // standard input
		want    string
	}{
		{"python3", []string{"-"}, pythonReader, "P-256 2\nP-256K 2\nP-384 2\nP-521 2\nRSA-2048 2\n"},
		{"node", []string{"-"}, nodeReader, "P-256 ok\nP-256K ok\nP-384 ok\nP-521 ok\nRSA-2048 ok\n"},
		{"java", []string{filepath.Join(dir, "Reader.java")}, "", "P-256 2 2\nP-384 2 2\nP-521 2 2\nRSA-2048 2 2\n"},
	} {
		t.Run(c.program, func(t *testing.T) {
			t.Parallel()
			program := lookPath(t, c.program)
			write(t, filepath.Join(dir, "Reader.java"), []byte(javaReader))
			cmd := exec.Command(program, c.args...)
			cmd.Dir, cmd.Stdin = dir, strings.NewReader(c.script)
			var talk bytes.Buffer
			cmd.Stderr = &talk
			out, err := cmd.Output()
			if strings.Contains(talk.String(), "ModuleNotFoundError") {
				absent(t, "the cryptography package of python3")
			}
			if err != nil || string(out) != c.want {
				t.Errorf("%s says %q, want %q (%v)\n%s", c.program, out, c.want, err, talk.String())
			}
		})
	}
}

// pythonReader opens each PFX with no password and an empty one, each PEM, and
// checks that the key is the certificate's.
const pythonReader = `
import glob
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12, load_pem_private_key
for f in sorted(glob.glob('*.pfx')):
    for password in (None, b''):
        key, leaf, more = pkcs12.load_key_and_certificates(open(f, 'rb').read(), password)
        assert key.public_key() == leaf.public_key()
        assert [c.subject for c in more] == [leaf.issuer]
    text = open(f[:-4] + '.pem', 'rb').read()
    assert load_pem_private_key(text, None).public_key() == leaf.public_key()
    certs = x509.load_pem_x509_certificates(text)
    assert certs == [leaf] + more
    print(f[:-4], len(certs))
`

// nodeReader makes a TLS context and a key object of each file.
const nodeReader = `
const fs = require('fs'), tls = require('tls'), crypto = require('crypto');
for (const f of fs.readdirSync('.').filter(f => f.endsWith('.pfx')).sort()) {
  tls.createSecureContext({pfx: fs.readFileSync(f), passphrase: ''});
  const text = fs.readFileSync(f.slice(0, -4) + '.pem');
  tls.createSecureContext({key: text, cert: text});
  if (!new crypto.X509Certificate(text).checkPrivateKey(crypto.createPrivateKey(text))) throw f;
  console.log(f.slice(0, -4), 'ok');
}
`

// javaReader opens each PFX with a null and an empty password and with "\0",
// which is Java's word for zero bytes and the one that it tries nothing else
// for. It takes the key and, unless the password is null, counts the
// certificates: given null, Java leaves encrypted ones out. Java has no
// secp256k1 since release 16.
const javaReader = `
import java.io.*; import java.nio.file.*; import java.security.*; import java.util.*;
class Reader {
  public static void main(String[] a) throws Exception {
    File[] files = new File(".").listFiles((d, n) -> n.endsWith(".pfx") && !n.equals("P-256K.pfx"));
    Arrays.sort(files);
    for (File f : files) {
      String line = f.getName().replace(".pfx", "");
      for (char[] password : new char[][] {null, new char[0], new char[1]}) {
        KeyStore s = KeyStore.getInstance("PKCS12");
        s.load(new ByteArrayInputStream(Files.readAllBytes(f.toPath())), password);
        String alias = s.aliases().nextElement();
        char[] forKey = password == null ? new char[0] : password;
        if (!(s.getKey(alias, forKey) instanceof PrivateKey)) throw new Exception("no key in " + f);
        if (password != null) line += " " + s.getCertificateChain(alias).length;
      }
      System.out.println(line);
    }
  }
}
`

// OpenSSL opens PFX and PEM of every kind of key, and the key matches.
func TestSecretsOpenInOpenSSL(t *testing.T) {
	t.Parallel()
	for _, kind := range keyKinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			k, chain := issued(t, kind.props)
			pfx, err := writePFX(&k, chain)
			must.Do(t, err)
			info := openssl(t, pfx, "pkcs12", "-passin", "pass:", "-nodes", "-info")
			for _, want := range []string{"MAC: sha1, Iteration 1\n", "Shrouded Keybag: pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 1\n",
				"localKeyID: 01 00 00 00", "BEGIN PRIVATE KEY"} {
				if !strings.Contains(info, want) {
					t.Errorf("openssl does not say %q:\n%s", want, info)
				}
			}
			if n := strings.Count(info, "BEGIN CERTIFICATE"); n != 2 {
				t.Errorf("openssl finds %d certificates, want 2", n)
			}
			text, err := WritePEM(&k, chain)
			must.Do(t, err)
			public := openssl(t, []byte(text), "pkey", "-pubout")
			if b, _ := pem.Decode([]byte(public)); b == nil || !bytes.Equal(b.Bytes, k.PKIX()) {
				t.Errorf("openssl finds the public key %s", public)
			}
		})
	}
}

// Certificates alone, as for a key that is not exportable.
func TestSecretWithoutKey(t *testing.T) {
	t.Parallel()
	_, chain := issued(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	pfx, err := writePFX(nil, chain)
	must.Do(t, err)
	out := openssl(t, pfx, "pkcs12", "-passin", "pass:", "-nodes")
	if strings.Contains(out, "PRIVATE KEY") || strings.Count(out, "BEGIN CERTIFICATE") != 2 {
		t.Errorf("the PFX holds\n%s", out)
	}
	text, err := WritePEM(nil, chain)
	must.Do(t, err)
	if strings.Contains(text, "PRIVATE KEY") || strings.Count(text, "BEGIN CERTIFICATE") != 2 || !strings.HasSuffix(text, "-----\n") {
		t.Errorf("the PEM holds\n%s", text)
	}
	_, err = ReadPFX(t.Context(), pfx, "")
	wantRefusal(t, err, vault.NoPrivateKey())
	_, err = ReadPEM(t.Context(), []byte(text), "")
	wantRefusal(t, err, vault.NoPrivateKey())
}
