package trust_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"certwright/internal/files"
	"certwright/internal/must"
	"certwright/internal/trust"
)

// writePair writes a certificate of an authority of its own and its key.
func writePair(t *testing.T, certFile, keyFile string) *tls.Certificate {
	t.Helper()
	a, err := trust.Open(t.TempDir())
	must.Do(t, err)
	leaf, err := a.GetCertificate(&tls.ClientHelloInfo{ServerName: "localhost"})
	must.Do(t, err)
	cert, key, err := trust.EncodePair(leaf)
	must.Do(t, err)
	must.Do(t, os.WriteFile(certFile, cert, 0o644))
	must.Do(t, os.WriteFile(keyFile, key, 0o600))
	return leaf
}

// Both files change, one after the other: what does not belong together is never
// used, and is told once.
func TestPairIsReadWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "tls.pem"), filepath.Join(dir, "tls.key")
	first := writePair(t, cert, key)
	p, err := trust.OpenPair(cert, key)
	must.Do(t, err)
	has := func(want *tls.Certificate, when string) {
		t.Helper()
		if got := p.Certificate(); !bytes.Equal(got.Certificate[0], want.Certificate[0]) {
			t.Errorf("%s: another certificate is in force", when)
		}
	}
	has(first, "at first")
	if changed, err := p.Reload(); changed || err != nil {
		t.Errorf("nothing changed: %v, %v", changed, err)
	}
	second := writePair(t, filepath.Join(dir, "new.pem"), filepath.Join(dir, "new.key"))
	must.Do(t, os.Rename(filepath.Join(dir, "new.pem"), cert))
	if changed, err := p.Reload(); !changed || err == nil || !strings.Contains(err.Error(), "hint: ") {
		t.Errorf("half of a pair: %v, %v", changed, err)
	}
	has(first, "half way")
	if changed, err := p.Reload(); changed || err != nil {
		t.Errorf("half of a pair is told twice: %v, %v", changed, err)
	}
	must.Do(t, os.Rename(filepath.Join(dir, "new.key"), key))
	if changed, err := p.Reload(); !changed || err != nil {
		t.Errorf("the whole pair: %v, %v", changed, err)
	}
	has(second, "at the end")
	must.Do(t, os.Remove(key))
	if _, err := p.Reload(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key that is gone: %v", err)
	}
	has(second, "without files")
}

func TestPairRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "tls.pem"), filepath.Join(dir, "tls.key")
	writePair(t, cert, key)
	none := filepath.Join(dir, "none")
	for what, files := range map[string][2]string{"key": {cert, none}, "certificate": {none, key}, "file": {none, none}} {
		if _, err := trust.OpenPair(files[0], files[1]); !errors.Is(err, os.ErrNotExist) || strings.Count(err.Error(), "\nhint: name files") != 1 {
			t.Errorf("no %s: %v", what, err)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	must.Do(t, os.Chmod(key, 0o640)) // of a group that the server is in
	if _, err := trust.OpenPair(cert, key); err != nil {
		t.Errorf("a key that a group may read: %v", err)
	}
	for _, mode := range []os.FileMode{0o644, 0o604, 0o660} {
		must.Do(t, os.Chmod(key, mode))
		if _, err := trust.OpenPair(cert, key); !errors.Is(err, files.ErrExposed) || !strings.Contains(err.Error(), "hint: chmod 640 "+key) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}
