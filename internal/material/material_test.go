package material_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"certwright/internal/certs"
	"certwright/internal/keys"
	"certwright/internal/material"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// made is a folder with an authority, a request and what the authority sent back
// in every form that openssl writes.
func made(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	script := `set -e
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=ca
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout web.key -out web.csr -subj /CN=web
openssl req -in web.csr -outform DER -out csr.der
openssl x509 -req -in web.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out web.pem -days 10
openssl x509 -in web.pem -outform DER -out leaf.cer
base64 leaf.cer > leaf.b64
cat web.pem ca.pem > chain.pem
cat ca.pem web.pem web.pem > backwards.pem
sed 's/$/\r/' chain.pem > windows.pem
openssl x509 -in web.pem -text -out words.pem; cat ca.pem >> words.pem
openssl crl2pkcs7 -nocrl -certfile chain.pem -out chain.p7.pem
openssl crl2pkcs7 -nocrl -certfile chain.pem -outform DER -out chain.p7b
openssl pkcs12 -export -in chain.pem -inkey web.key -passout pass: -out chain.pfx
openssl pkcs12 -export -in chain.pem -inkey web.key -passout pass:word -out locked.pfx
openssl ec -in web.key -out old.key
cat web.pem old.key ca.pem > old.pem
cat web.pem web.key ca.pem > whole.pem
openssl pkcs8 -topk8 -in web.key -passout pass:word -out locked.key
openssl pkcs8 -topk8 -nocrypt -in web.key -outform DER -out key.der
cat web.pem locked.key > locked.pem
`
	c := exec.Command("sh", "-c", script)
	c.Dir = folder
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return folder
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	text, err := material.Read(filepath.Join(path...))
	must.Do(t, err)
	return text
}

// Whatever form an authority sends, the leaf comes first and each certificate once.
func TestCertificates(t *testing.T) {
	t.Parallel()
	folder := made(t)
	leaf, csr := read(t, folder, "leaf.cer"), read(t, folder, "csr.der")
	for file, want := range map[string]int{"web.pem": 1, "leaf.cer": 1, "leaf.b64": 1, "chain.pem": 2, "backwards.pem": 2, "windows.pem": 2, "words.pem": 2, "chain.p7.pem": 2, "chain.p7b": 2, "chain.pfx": 2} {
		found, err := material.Certificates(t.Context(), read(t, folder, file))
		must.Do(t, err)
		chain, err := material.LeafFirst(found, csr)
		if err != nil || len(chain) != want || !bytes.Equal(chain[0], leaf) {
			t.Errorf("%s: %d certificates, %v", file, len(chain), err)
		}
	}
	for file, want := range map[string]error{"web.csr": material.ErrNoCertificate, "csr.der": material.ErrNoCertificate, "web.key": material.ErrNoCertificate, "locked.pfx": material.ErrNoCertificate} {
		if found, err := material.Certificates(t.Context(), read(t, folder, file)); !errors.Is(err, want) {
			t.Errorf("%s: %d certificates, %v", file, len(found), err)
		}
	}
	leafText := read(t, folder, "web.pem")
	must.Do(t, os.WriteFile(filepath.Join(folder, "cut.pem"), leafText[:len(leafText)/2], 0o600))
	for file, want := range map[string]error{"web.csr": material.ErrRequest, "csr.der": material.ErrRequest, "web.key": material.ErrPrivateKey, "old.key": material.ErrPrivateKey, "key.der": material.ErrPrivateKey,
		"locked.key": material.ErrPrivateKey, "locked.pfx": material.ErrLocked, "cut.pem": material.ErrCut} {
		if _, err := material.Certificates(t.Context(), read(t, folder, file)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", file, err, want)
		}
	}
	found, err := material.Certificates(t.Context(), read(t, folder, "ca.pem"))
	must.Do(t, err)
	if _, err := material.LeafFirst(found, csr); !errors.Is(err, material.ErrOtherKey) {
		t.Errorf("the authority's alone: %v", err)
	}
}

// What may be a key is not shown again, wherever it stands; what is a certificate, a request or a few words is.
func TestShowable(t *testing.T) {
	t.Parallel()
	folder := made(t)
	text := func(file string) string { return string(read(t, folder, file)) }
	body := func(file string) string { // without the lines around it
		lines := strings.Split(strings.TrimSpace(text(file)), "\n")
		return strings.Join(lines[1:len(lines)-1], "\n")
	}
	half := text("web.pem")[:len(text("web.pem"))/2]
	for name, s := range map[string]string{"nothing": "", "words": "please sign this", "a certificate": text("web.pem"), "with words": text("words.pem"), "a request": text("web.csr"), "base64": text("leaf.b64"), "of a request": body("web.csr"),
		"PKCS #7": text("chain.p7.pem"), "cut off": half, "windows": text("windows.pem")} {
		if !material.Showable(s) {
			t.Errorf("%s is not shown again", name)
		}
	}
	for name, s := range map[string]string{"a key": text("web.key"), "an older one": text("old.key"), "a locked one": text("locked.key"), "with its certificate": text("whole.pem"), "its body": body("web.key"), "half of it": body("web.key")[:70],
		"after a certificate": text("web.pem") + body("web.key"), "before one": body("old.key") + "\n" + text("web.pem"), "in lower case": strings.ToLower(text("web.key")),
		"a PFX": base64.StdEncoding.EncodeToString([]byte(text("chain.pfx"))), "a JSON web key": `{"kty":"EC","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"}`} {
		if material.Showable(s) {
			t.Errorf("%s is shown again", name)
		}
	}
}

func FuzzCertificates(f *testing.F) {
	for _, s := range []string{"", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", "-----BEGIN PKCS7-----\nMAA=\n-----END PKCS7-----\n", "MAA=", "0\x80"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		found, err := material.Certificates(t.Context(), text)
		if (err == nil) != (len(found) > 0) {
			t.Errorf("%d certificates and %v", len(found), err)
		}
	})
}

// What comes with its key is brought in the form that every vault reads, and
// opens again as what it was.
func TestBring(t *testing.T) {
	t.Parallel()
	folder := made(t)
	for _, c := range []struct{ file, password, kind string }{
		{"chain.pfx", "", vault.PKCS12}, {"locked.pfx", "word", vault.PKCS12}, {"whole.pem", "", vault.PEM}, {"old.pem", "", vault.PEM}, {"locked.pem", "word", vault.PEM},
	} {
		b, err := material.Bring(t.Context(), read(t, folder, c.file), c.password)
		if err != nil || b.Type != c.kind || b.Type == vault.PEM && (strings.Contains(b.Value, "ENCRYPTED") || strings.Contains(b.Value, "EC PRIVATE")) {
			t.Errorf("%s: %s, %v", c.file, b.Type, err)
		}
		if c.password != "" && c.kind == vault.PKCS12 {
			continue
		}
		opened, err := material.Opened(t.Context(), b.Value, b.Type)
		if err != nil || opened.Key == nil || !bytes.Equal(opened.Chain[0], read(t, folder, "leaf.cer")) {
			t.Errorf("%s opened: %+v, %v", c.file, opened, err)
		}
	}
	for _, c := range []struct{ file, password string }{{"locked.pfx", ""}, {"locked.pfx", "wrong"}, {"locked.pem", "wrong"}, {"web.pem", ""}, {"web.key", ""}} {
		if _, err := material.Bring(t.Context(), read(t, folder, c.file), c.password); err == nil {
			t.Errorf("%s with %q is taken", c.file, c.password)
		}
	}
}

// Programs that nobody here wrote read what is exported.
func TestExport(t *testing.T) {
	t.Parallel()
	folder := made(t)
	b, err := material.Bring(t.Context(), read(t, folder, "whole.pem"), "")
	must.Do(t, err)
	bundle, err := material.Opened(t.Context(), b.Value, b.Type)
	must.Do(t, err)
	pfx, err := bundle.PFX("pass word")
	must.Do(t, err)
	whole, err := bundle.PEM()
	must.Do(t, err)
	key, err := bundle.KeyPEM()
	must.Do(t, err)
	chain, err := bundle.ChainPEM()
	must.Do(t, err)
	leaf, err := bundle.LeafPEM()
	must.Do(t, err)
	for name, text := range map[string][]byte{"out.pfx": pfx, "out.pem": whole, "out.key": key, "out-chain.pem": chain, "out.cer": leaf} {
		must.Do(t, material.Write(filepath.Join(folder, name), text, false))
	}
	for _, script := range []string{
		"openssl pkcs12 -in out.pfx -passin 'pass:pass word' -nodes -out opened.pem && openssl x509 -in opened.pem -outform DER | cmp - leaf.cer && test $(grep -c 'BEGIN CERT' opened.pem) = 2",
		"openssl x509 -in out.pem -outform DER | cmp - leaf.cer && test $(grep -c BEGIN out.pem) = 3",
		"openssl pkey -in out.key -pubout > a && openssl pkey -in web.key -pubout | cmp - a",
		"cmp out-chain.pem chain.pem && cmp out.cer web.pem",
	} {
		c := exec.Command("sh", "-c", script)
		c.Dir = folder
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", script, err, out)
		}
	}
	// without its key
	kept, err := material.Opened(t.Context(), string(chain), vault.PEM)
	must.Do(t, err)
	if kept.Key != nil || len(kept.Chain) != 2 {
		t.Errorf("%+v", kept)
	}
	if _, err := kept.PFX(""); !errors.Is(err, material.ErrNoKey) {
		t.Errorf("a PFX without a key: %v", err)
	}
	if _, err := kept.KeyPEM(); !errors.Is(err, material.ErrNoKey) {
		t.Errorf("no key: %v", err)
	}
}

// A file is never overwritten unasked, and nobody else may read a key.
func TestWrite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "web.key")
	must.Do(t, material.Write(path, []byte("one"), false))
	if err := material.Write(path, []byte("two"), false); !errors.Is(err, material.ErrThere) {
		t.Errorf("a second time: %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "one" {
		t.Errorf("%s, %v", text, err)
	}
	must.Do(t, os.Chmod(path, 0o644))
	must.Do(t, material.Write(path, []byte("three"), true))
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "three" {
		t.Errorf("%s, %v", text, err)
	}
}

// What a person should hear of a certificate that was merged.
func TestDoubts(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	key, err := keys.New(vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	must.Do(t, err)
	asked := vault.X509Props{Subject: "CN=web", SANs: &vault.SANs{DNS: []string{"a.example", "b.example"}}}
	csr, err := certs.Request(key, asked)
	must.Do(t, err)
	authority, err := certs.NewAuthority("Authority", now.AddDate(-3, 0, 0))
	must.Do(t, err)
	for at, want := range map[time.Time]string{now.AddDate(0, 0, -1): "", now.AddDate(-2, 0, 0): "it has expired already, on ", now.AddDate(0, 6, 0): "it is not valid before "} {
		leaf, err := authority.Issue(csr, 3, at)
		must.Do(t, err)
		got := strings.Join(material.Doubts([][]byte{leaf, authority.Certificate}, csr, now), "; ")
		if (want == "") != (got == "") || !strings.HasPrefix(got, want) {
			t.Errorf("issued %v: %q, want %q", at, got, want)
		}
	}
	leaf, err := authority.Issue(csr, 3, now.AddDate(0, 0, -1))
	must.Do(t, err)
	if got := material.Doubts([][]byte{leaf}, csr, now); len(got) != 1 || !strings.HasPrefix(got[0], "its chain is missing") {
		t.Errorf("alone: %q", got)
	}
	asked.SANs.DNS[1], asked.Subject = "c.example", "CN=other"
	other, err := certs.Request(key, asked)
	must.Do(t, err)
	got := strings.Join(material.Doubts([][]byte{leaf, authority.Certificate}, other, now), "; ")
	if want := "it is not for all names that were asked for: c.example; it is for names too that were not asked for: b.example; its subject is not the one that was asked for, but CN=web"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
