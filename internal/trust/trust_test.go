package trust

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/files"
	"certwright/internal/must"

	"github.com/google/go-cmp/cmp"
)

func open(t *testing.T) *Authority {
	t.Helper()
	a, err := Open(t.TempDir())
	must.Do(t, err)
	return a
}

func hello(name string) *tls.ClientHelloInfo { return &tls.ClientHelloInfo{ServerName: name} }

// dial makes a handshake over a pipe with ca.pem as the only root and returns the leaf.
func dial(t *testing.T, a *Authority, sni, verify string) (*x509.Certificate, error) {
	t.Helper()
	text, err := os.ReadFile(a.Path(CAFile))
	must.Do(t, err)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		t.Fatal("ca.pem holds no certificate")
	}
	here, there := net.Pipe()
	defer here.Close()
	go func() {
		defer there.Close()
		_ = tls.Server(there, &tls.Config{GetCertificate: a.GetCertificate}).Handshake()
	}()
	c := tls.Client(here, &tls.Config{ServerName: sni, RootCAs: roots})
	if err := c.Handshake(); err != nil {
		return nil, err
	}
	leaf := c.ConnectionState().PeerCertificates[0]
	return leaf, leaf.VerifyHostname(verify)
}

func TestLeafForEveryName(t *testing.T) {
	t.Parallel()
	a := open(t)
	a.Addresses = []netip.Addr{netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("0.0.0.0"), netip.MustParseAddr("::ffff:127.0.0.1")}
	for _, name := range []string{"web.vault.localhost", "WEB.vault.localhost", "web.vault.azure.net", "kv.ns.svc", "localhost", "under_score.test"} {
		leaf, err := dial(t, a, name, name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, also := range []string{"localhost", "127.0.0.1", "::1", "10.1.2.3"} {
			if err := leaf.VerifyHostname(also); err != nil {
				t.Errorf("the leaf of %s does not hold %s", name, also)
			}
		}
		if leaf.IsCA || len(leaf.IPAddresses) != 3 {
			t.Errorf("the leaf of %s: CA %v, addresses %v", name, leaf.IsCA, leaf.IPAddresses)
		}
	}
	if _, err := dial(t, a, "web.vault.localhost", "mail.vault.localhost"); err == nil {
		t.Error("a leaf holds a name that was not asked for")
	}
}

func TestLeafWithoutName(t *testing.T) {
	t.Parallel()
	a := open(t)
	cert, err := a.leaf("", netip.MustParseAddr("192.0.2.7"))
	must.Do(t, err)
	for _, name := range []string{"192.0.2.7", "127.0.0.1", "::1", "localhost"} {
		if err := cert.Leaf.VerifyHostname(name); err != nil {
			t.Errorf("the leaf of an address: %v", err)
		}
	}
	one, _ := a.GetCertificate(hello(""))
	two, _ := a.GetCertificate(hello(""))
	if one != two || one == cert {
		t.Error("loopback shares one leaf, and no other address has it")
	}
}

// A client that calls an address sends no server name; the leaf must hold the
// address it reached.
func TestLeafOfTheAddressReached(t *testing.T) {
	t.Parallel()
	a := open(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{GetCertificate: a.GetCertificate})
	must.Do(t, err)
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}
	}()
	roots := x509.NewCertPool()
	roots.AddCert(a.Certificate())
	c, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{RootCAs: roots})
	must.Do(t, err)
	_ = c.Close()
}

func TestLeafRefusesWhatIsNoName(t *testing.T) {
	t.Parallel()
	a := open(t)
	for _, name := range []string{"a b", "a..b", ".a", "*.test", "a/b", strings.Repeat("a", 64) + ".test", strings.Repeat("a.", 125) + "test", "ä.test", "::1"} {
		if _, err := a.GetCertificate(hello(name)); err == nil {
			t.Errorf("%q got a leaf", name)
		}
	}
	if _, err := a.GetCertificate(hello(strings.Repeat("a.", 124) + "test")); err != nil {
		t.Errorf("a name of 252 characters: %v", err)
	}
}

func TestLeavesAreKeptAndCapped(t *testing.T) {
	t.Parallel()
	a := open(t)
	a.Limit = 2
	get := func(name string) *tls.Certificate {
		c, err := a.GetCertificate(hello(name))
		must.Do(t, err)
		return c
	}
	one := get("one.test")
	get("two.test")
	if get("one.test") != one || get("ONE.test.") != one {
		t.Error("a kept leaf was minted again")
	}
	two := get("two.test")
	get("one.test")
	get("three.test") // two.test is the one unused for longest
	if get("one.test") != one {
		t.Error("the leaf used last was forgotten")
	}
	if get("two.test") == two {
		t.Error("more leaves are kept than the limit says")
	}
	if len(a.leaves.byKey) != 2 || a.leaves.used.Len() != 2 {
		t.Errorf("%d and %d kept, want 2", len(a.leaves.byKey), a.leaves.used.Len())
	}
}

func TestLeafIsMintedAnewInTime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a, err := Open(dir)
		must.Do(t, err)
		one, _ := a.GetCertificate(hello("web.test"))
		time.Sleep(leafLifetime - leafRenewal - time.Minute)
		if two, _ := a.GetCertificate(hello("web.test")); two != one {
			t.Error("minted anew too early")
		}
		time.Sleep(2 * time.Minute)
		two, _ := a.GetCertificate(hello("web.test"))
		if two == one || !two.Leaf.NotAfter.After(one.Leaf.NotAfter) {
			t.Error("not minted anew 30 days before its end")
		}
	})
}

func TestSecondOpenKeepsEverything(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Open(dir); err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	if _, err := Open(dir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, contents(t, dir)); diff != "" {
		t.Errorf("a file changed (-before +after):\n%s", diff)
	}
	info, err := os.Stat(filepath.Join(dir, KeyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v, mode %v", KeyFile, err, info.Mode())
	}
	if len(before) != 4 {
		t.Errorf("%d files, want 4", len(before))
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	entries, err := os.ReadDir(dir)
	must.Do(t, err)
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		must.Do(t, err)
		found[e.Name()] = string(b)
	}
	return found
}

func TestBundleFollowsTheSystem(t *testing.T) {
	t.Parallel()
	a, other := open(t), open(t)
	for _, roots := range [][]byte{nil, other.PEM()} {
		must.Do(t, a.export(roots))
		got, _ := os.ReadFile(a.Path(BundleFile))
		if want := string(roots) + string(a.PEM()); string(got) != want {
			t.Errorf("bundle is\n%s\nwant\n%s", got, want)
		}
	}
	must.Do(t, os.Remove(a.Path(TruststoreFile)))
	must.Do(t, a.export(other.PEM()))
	if _, err := os.Stat(a.Path(TruststoreFile)); err != nil {
		t.Error("a missing truststore is not made again")
	}
}

func TestOpenRefusesBrokenFolders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, content, want string
	}{
		"no key":          {KeyFile, "", "put ca.pem and ca-key.pem back from a backup; to have a new authority made, which every client must be told to trust, remove ca.pem and start once with --new-ca"},
		"garbage key":     {KeyFile, "x", KeyFile},
		"garbage ca":      {CAFile, "x", CAFile},
		"another's key":   {KeyFile, "other", "does not belong"},
		"a block of junk": {CAFile, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", CAFile},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, other := open(t), open(t)
			content := []byte(c.content)
			if c.content == "other" {
				content, _ = os.ReadFile(other.Path(KeyFile))
			}
			err := os.WriteFile(a.Path(c.file), content, 0o600)
			if c.content == "" {
				err = os.Remove(a.Path(c.file))
			}
			must.Do(t, err)
			if _, err := Open(a.dir); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error that says %q", err, c.want)
			}
		})
	}
}

// bare leaves the key's file as older programs wrote it, without the certificate.
func bare(t *testing.T, a *Authority) {
	t.Helper()
	text, err := os.ReadFile(a.Path(KeyFile))
	must.Do(t, err)
	block, _ := pem.Decode(text)
	must.Do(t, os.WriteFile(a.Path(KeyFile), pem.EncodeToMemory(block), 0o600))
}

// Clients trust the certificate, so one that is gone is written again, and
// another is never made in its place.
func TestAMissingCertificateIsWrittenAgain(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(a *Authority) error{
		"ca.pem":                       func(a *Authority) error { return os.Remove(a.Path(CAFile)) },
		"ca.pem and all made of it":    func(a *Authority) error { return errors.Join(os.Remove(a.Path(CAFile)), os.Remove(a.Path(BundleFile))) },
		"ca.pem, the key without it":   func(a *Authority) error { bare(t, a); return os.Remove(a.Path(CAFile)) },
		"nothing, the key without one": func(a *Authority) error { bare(t, a); return nil },
	} {
		for _, open := range []func(string) (*Authority, error){Open, Reopen} {
			a, err := Open(t.TempDir())
			must.Do(t, err)
			before := contents(t, a.dir)
			delete(before, TruststoreFile) // with other salts each time
			must.Do(t, spoil(a))
			b, err := open(a.dir)
			if err != nil {
				t.Errorf("without %s: %v", name, err)
				continue
			}
			after := contents(t, a.dir)
			delete(after, TruststoreFile)
			if diff := cmp.Diff(before, after); diff != "" || !b.Certificate().Equal(a.Certificate()) || b.Made {
				t.Errorf("without %s (-before +after):\n%s", name, diff)
			}
		}
	}
}

func TestReopenMakesNone(t *testing.T) {
	t.Parallel()
	killed := open(t) // an older program's first start, killed after the key
	bare(t, killed)
	for _, file := range []string{CAFile, BundleFile, TruststoreFile} {
		must.Do(t, os.Remove(killed.Path(file)))
	}
	for _, dir := range []string{t.TempDir(), killed.dir} {
		before := contents(t, dir)
		if _, err := Reopen(dir); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "\nhint: put ca.pem and ca-key.pem back from a backup; ") {
			t.Errorf("got %v", err)
		}
		if diff := cmp.Diff(before, contents(t, dir)); diff != "" {
			t.Errorf("files changed:\n%s", diff)
		}
		b, err := Open(dir)
		if err != nil || !b.Made || b.Certificate().Equal(killed.Certificate()) {
			t.Errorf("Open: %v", err)
		}
	}
}

// Who reads the key can be any server of this name to its clients.
func TestOpenRefusesAnOpenKey(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permission bits")
	}
	a := open(t)
	must.Do(t, os.Chmod(a.Path(KeyFile), 0o640))
	if _, err := Open(a.dir); !errors.Is(err, files.ErrExposed) || !strings.Contains(err.Error(), "\nhint: chmod 600 ") {
		t.Errorf("got %v", err)
	}
}

func TestOpenRefusesAnAuthorityAtItsEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		if _, err := Open(dir); err != nil {
			t.Fatal(err)
		}
		time.Sleep(caYears * 365 * 24 * time.Hour)
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "ends on") {
			t.Errorf("got %v, want an error that says when it ends", err)
		}
	})
}

func TestOpenSaysWhatItCannotRead(t *testing.T) {
	t.Parallel()
	var missing *os.PathError
	if _, err := Open(filepath.Join(t.TempDir(), "absent")); !errors.As(err, &missing) {
		t.Errorf("got %v, want the path", err)
	}
}

func FuzzServerName(f *testing.F) {
	for _, s := range []string{"web.vault.localhost", "", "a..b", "xn--4ca.x", "[::1]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !isServerName(name) {
			return
		}
		if strings.ContainsAny(name, " \x00/*:\"") || strings.ToLower(name) != name {
			t.Errorf("%q passes", name)
		}
	})
}

func BenchmarkMint(b *testing.B) {
	a, err := Open(b.TempDir())
	must.Do(b, err)
	for b.Loop() {
		if _, err := a.mint("web.vault.localhost", netip.Addr{}, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		if _, err := Open(dir); err != nil {
			b.Fatal(err)
		}
	}
}
