package outbound

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
)

// The signature as openssl makes it: printf '1795348800.{"id":"1"}' | openssl
// dgst -sha256 -hmac s3cret; and with an action, printf '1795348800.present.{"id":"1"}'.
func TestSign(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret")
	must.Do(t, os.WriteFile(file, []byte(" s3cret\n"), 0o600))
	at, body := time.Unix(1795348800, 0), []byte(`{"id":"1"}`)
	for want, about := range map[string][]string{
		"sha256=ff60f2b496af34ff696d786bbe0a12259aef4d0b7c1c6011b5b08572bec21ac8": nil,
		"sha256=2bc70efbc855d64632cc28eddfe142d104b3310a7ab5aba93cc0d7d35e20292e": {"present"},
	} {
		header := http.Header{}
		must.Do(t, Sign(header, file, at, body, about...))
		if got := header.Get(SignatureHeader); got != want || header.Get(TimestampHeader) != "1795348800" {
			t.Errorf("%v: %v, want %s", about, header, want)
		}
	}
	header := http.Header{}
	if err := Sign(header, "", at, body); err != nil || len(header) != 0 {
		t.Errorf("without a secret: %v, %v", header, err)
	}
	if err := Sign(header, filepath.Join(t.TempDir(), "none"), at, body); err == nil || !strings.HasPrefix(err.Error(), "secret_file: ") {
		t.Errorf("no such file: %v", err)
	}
}

func TestReadSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for content, want := range map[string]string{" \n": "is empty", strings.Repeat("x", maxFile+1): "is larger than 1 MiB"} {
		path := filepath.Join(dir, "secret")
		must.Do(t, os.WriteFile(path, []byte(content), 0o600))
		if _, err := ReadSecret("password_file", path); err == nil || !strings.HasPrefix(err.Error(), "password_file: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%.5q: %v", content, err)
		}
	}
}
