package certs

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/keys"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// certificatesOf returns the CERTIFICATE blocks, and keyOf the key block.
func certificatesOf(t testing.TB, chain [][]byte) string {
	t.Helper()
	text, err := WritePEM(nil, chain)
	must.Do(t, err)
	return text
}

func keyOf(t testing.TB, k keys.Key) string {
	t.Helper()
	text, err := WritePEM(&k, nil)
	must.Do(t, err)
	return text
}

func block(kind string, b []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
}

func TestWritePEM(t *testing.T) {
	t.Parallel()
	k, chain := issued(t, vault.KeyProps{Type: vault.RSA, Size: 2048})
	text, err := WritePEM(&k, chain)
	must.Do(t, err)
	if !strings.HasPrefix(text, "-----BEGIN PRIVATE KEY-----\n") || !strings.HasSuffix(text, "\n-----END CERTIFICATE-----\n") || strings.Contains(text, "\r") {
		t.Errorf("form of the text:\n%s", text)
	}
	for line := range strings.Lines(text) {
		if len(line) > 65 {
			t.Errorf("a line of %d columns", len(line)-1)
		}
	}
	b, rest := pem.Decode([]byte(text))
	if c, _ := pem.Decode(rest); b.Type != "PRIVATE KEY" || !bytes.Equal(c.Bytes, chain[0]) {
		t.Error("the key is not first, or the leaf not second")
	}
}

func TestReadImport(t *testing.T) {
	t.Parallel()
	for _, kind := range keyKinds {
		if kind.name == "RSA-3072" || kind.name == "RSA-4096" {
			continue
		}
		k, chain := issued(t, kind.props)
		key, certificates := keyOf(t, k), certificatesOf(t, chain)
		pfx, err := writePFX(&k, chain)
		must.Do(t, err)
		std := base64.StdEncoding.EncodeToString
		crlf := strings.ReplaceAll(key+certificates, "\n", "\r\n")
		for _, c := range []struct{ name, value, contentType string }{
			{"key first", key + certificates, vault.PEM},
			{"certificates first", certificates + key, vault.PEM},
			{"key between", certificatesOf(t, chain[:1]) + key + certificatesOf(t, chain[1:]), vault.PEM},
			{"CRLF", crlf, vault.PEM},
			{"base64 of PEM", std([]byte(key + certificates)), vault.PEM},
			{"base64 of PEM with CRLF", std([]byte(crlf)), vault.PEM},
			{"bag attributes", "Bag Attributes\n    localKeyID: 01 00 00 00\n" + key + "subject=CN = x\n" + certificates, vault.PEM},
			{"PFX", std(pfx), vault.PKCS12},
			{"PFX, no content type", std(pfx), ""},
			{"PFX, wrapped base64", strings.Join(slices.Collect(chunks(std(pfx), 76)), "\r\n"), vault.PKCS12},
			{"PFX, unpadded", strings.TrimRight(std(pfx), "="), vault.PKCS12},
			{"PFX, base64url", base64.RawURLEncoding.EncodeToString(pfx), vault.PKCS12},
			{"base64url of PEM", base64.URLEncoding.EncodeToString([]byte("\xfb\xef\xbe\n" + key + certificates)), vault.PEM},
		} {
			t.Run(kind.name+" "+c.name, func(t *testing.T) {
				t.Parallel()
				b, err := ReadImport(t.Context(), c.value, "", c.contentType)
				if err != nil {
					t.Fatal(err, errors.Unwrap(err))
				}
				if diff := cmp.Diff(chain, b.Chain); diff != "" || b.Leaf != 0 || !bytes.Equal(b.Key.PKIX(), k.PKIX()) {
					t.Errorf("leaf %d; certificates (-written +read):\n%s", b.Leaf, diff)
				}
			})
		}
	}
}

func chunks(s string, n int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for len(s) > n && yield(s[:n]) {
			s = s[n:]
		}
		yield(s)
	}
}

// Keys that OpenSSL encrypted are read with their password.
func TestReadEncryptedPEM(t *testing.T) {
	t.Parallel()
	program := lookPath(t, "openssl")
	for _, kind := range keyKinds {
		if kind.name == "RSA-3072" || kind.name == "RSA-4096" {
			continue
		}
		k, chain := issued(t, kind.props)
		file := filepath.Join(t.TempDir(), "key.pem")
		write(t, file, []byte(keyOf(t, k)))
		for _, c := range []string{"-v2 aes256", "-v2 aes-128-cbc -v2prf hmacWithSHA1", "-v2 aes-192-cbc -v2prf hmacWithSHA512", "-v2 des3", "-v2 aes256 -iter 1", "-v1 PBE-SHA1-3DES",
			"-v1 PBE-SHA1-2DES", "-v1 PBE-SHA1-RC4-128 -provider legacy -provider default", "-v1 PBE-SHA1-RC4-40 -provider legacy -provider default",
			"-v1 PBE-SHA1-RC2-40 -provider legacy -provider default", "-v1 PBE-SHA1-RC2-128 -provider legacy -provider default"} {
			t.Run(kind.name+c, func(t *testing.T) {
				t.Parallel()
				args := append([]string{"pkcs8", "-topk8", "-in", file, "-passout", "pass:sécret"}, strings.Fields(c)...)
				sealed, err := exec.Command(program, args...).Output()
				must.Do(t, err)
				text := append(sealed, certificatesOf(t, chain)...)
				b, err := ReadPEM(t.Context(), text, "sécret")
				if err != nil {
					t.Fatal(err, errors.Unwrap(err))
				}
				if !bytes.Equal(b.Key.PKIX(), k.PKIX()) {
					t.Error("another key")
				}
				_, err = ReadPEM(t.Context(), text, "other")
				wantRefusal(t, err, vault.BadPEM())
				_, err = ReadPEM(t.Context(), text, "")
				wantRefusal(t, err, vault.BadPEM())
			})
		}
	}
}

// Blocks of many keys cost no more than one: none is decrypted.
func TestReadPEMRefusesASecondKeyUnread(t *testing.T) {
	t.Parallel()
	_, chain := issued(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	sealed := string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("never looked at")}))
	_, err := ReadPEM(t.Context(), []byte(strings.Repeat(sealed, 30)+certificatesOf(t, chain)), "x")
	wantRefusal(t, err, vault.NoPrivateKey())
}

func TestReadImportRefuses(t *testing.T) {
	t.Parallel()
	k, chain := issued(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	other := newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	key, certificates := keyOf(t, k), certificatesOf(t, chain)
	pfx, err := writePFX(&k, chain)
	must.Do(t, err)
	for _, c := range []struct {
		name, value, contentType string
		want                     *vault.Error
	}{
		{"nothing", "", vault.PEM, vault.BadPEM()},
		{"no PEM", "some text", vault.PEM, vault.BadPEM()},
		{"PFX as PEM", base64.StdEncoding.EncodeToString(pfx), vault.PEM, vault.BadPEM()},
		{"PEM as PFX", key + certificates, vault.PKCS12, vault.BadPFX()}, // docs/contract/certificates.md: no auto-detection
		{"PEM without content type", key + certificates, "", vault.BadPFX()},
		{"base64 of PEM as PFX", base64.StdEncoding.EncodeToString([]byte(key + certificates)), vault.PKCS12, vault.BadPFX()},
		{"no PFX", "", vault.PKCS12, vault.BadPFX()},
		{"PKCS#1", block("RSA PRIVATE KEY", nil) + certificates, vault.PEM, vault.OddPEM()},
		{"SEC 1", block("EC PRIVATE KEY", nil) + certificates, vault.PEM, vault.OddPEM()},
		{"a request too", key + certificates + block("CERTIFICATE REQUEST", nil), vault.PEM, vault.OddPEM()},
		{"a broken key", block("PRIVATE KEY", []byte("x")) + certificates, vault.PEM, vault.BadPEM()},
		{"a broken certificate", key + block("CERTIFICATE", []byte("x")), vault.PEM, vault.BadX509()},
		{"no key", certificates, vault.PEM, vault.NoPrivateKey()},
		{"two keys", key + key + certificates, vault.PEM, vault.NoPrivateKey()},
		{"no certificate", key, vault.PEM, vault.BadPEM()},
		{"another's key", keyOf(t, other) + certificates, vault.PEM, vault.WrongPublicKey()},
		{"too long", strings.Repeat(" ", maxImport+1), vault.PEM, vault.BadPEM()},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := ReadImport(t.Context(), c.value, "", c.contentType)
			wantRefusal(t, err, c.want)
		})
	}
}
