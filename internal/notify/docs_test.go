package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/outbound"
	"certwright/internal/setting"
)

// genuine reports whether a call was signed with the secret, within five minutes of now.
func genuine(secret string, header http.Header, body []byte, now time.Time) bool {
	stamp := header.Get("X-Certwright-Timestamp")
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	want := "sha256=" + hex.EncodeToString(mac.Sum(nil))
	at, err := strconv.ParseInt(stamp, 10, 64)
	return err == nil && now.Sub(time.Unix(at, 0)).Abs() < 5*time.Minute && hmac.Equal([]byte(want), []byte(header.Get("X-Certwright-Signature")))
}

func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/notices.md")
	must.Do(t, err)
	return string(text)
}

// block returns the page's block of a language.
func block(t *testing.T, language string) string {
	t.Helper()
	_, text, ok := strings.Cut(page(t), "```"+language+"\n")
	text, _, _ = strings.Cut(text, "```")
	if !ok {
		t.Fatalf("docs/notices.md has no %s", language)
	}
	return text
}

// The configuration on the page is right, and has every setting there is.
func TestDocumentedSettings(t *testing.T) {
	t.Parallel()
	text := block(t, "yaml")
	var s Settings
	must.Do(t, setting.Read([]byte(text), s.Fields(), "/"))
	if wrong := s.Check(); len(wrong) > 0 {
		t.Error(wrong)
	}
	for _, top := range s.Fields() {
		for _, f := range append(top.In, top) {
			if !regexp.MustCompile(`(?m)^[- ]*` + f.Key + ":").MatchString(text) {
				t.Errorf("%s is not documented", f.Key)
			}
		}
	}
}

// The page's Go is what the tests here check signatures with.
func TestDocumentedGo(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("docs_test.go")
	must.Do(t, err)
	if !strings.Contains(string(source), block(t, "go")) {
		t.Error("the page's Go is not that of docs_test.go")
	}
}

// The page's Python, and the page's example, agree with what is sent.
func TestDocumentedPython(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("SKIPPED: there is no python3 to run the page's example with")
	}
	example := regexp.MustCompile(`X-Certwright-Timestamp: (\d+)\nX-Certwright-Signature: (\S+)`).FindStringSubmatch(page(t))
	if example == nil {
		t.Fatal("the page has no example")
	}
	file, header := filepath.Join(t.TempDir(), "secret"), http.Header{}
	must.Do(t, os.WriteFile(file, []byte("s3cret"), 0o600))
	stamp, err := strconv.ParseInt(example[1], 10, 64)
	must.Do(t, err)
	must.Do(t, outbound.Sign(header, file, time.Unix(stamp, 0), []byte(`{"id":"1"}`)))
	if got := header.Get(outbound.SignatureHeader); got != example[2] {
		t.Errorf("the page's signature is %s, ours %s", example[2], got)
	}
	program := block(t, "python") + fmt.Sprintf(`
good = {"X-Certwright-Timestamp": "%[1]s", "X-Certwright-Signature": "%[2]s"}
body = b'{"id":"1"}'
assert genuine("s3cret", good, body, %[1]s + 299)
assert not genuine("s3cret", good, body, %[1]s + 301)
assert not genuine("other", good, body, %[1]s)
assert not genuine("s3cret", good, body + b" ", %[1]s)
assert not genuine("s3cret", {}, body, %[1]s)
assert not genuine("s3cret", dict(good, **{"X-Certwright-Timestamp": "\u0662"}), body, %[1]s)
`, example[1], example[2])
	cmd := exec.CommandContext(t.Context(), python, "-c", program)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}

// The page's table of tries is the ladder.
func TestDocumentedTries(t *testing.T) {
	t.Parallel()
	want := "| next try after |"
	for i := range maxTries - 1 {
		if i > len(ladder) {
			break
		}
		d := backoff(i + 1)
		if d < time.Hour {
			want += fmt.Sprintf(" %d min |", d/time.Minute)
		} else {
			want += fmt.Sprintf(" %d h |", d/time.Hour)
		}
	}
	if !strings.Contains(page(t), want+" none |") || !strings.Contains(page(t), fmt.Sprintf("| 6 to %d | %d |", maxTries-1, maxTries)) {
		t.Errorf("the page has not %q", want)
	}
}
