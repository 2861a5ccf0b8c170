package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/must"
)

// All that docs/cli.md says to type works, from its top to its end, beside a
// server that was started and nothing else.
func TestDocumentedCommandLine(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/cli.md")
	must.Do(t, err)
	home, others := t.TempDir(), t.TempDir()
	d := startDev(t, "--data", filepath.Join(home, ".local", "share", "certwright"))
	script := "set -e\n"
	blocks := strings.Split(string(text), "```sh\n")[1:]
	for _, b := range blocks {
		block, _, _ := strings.Cut(b, "```")
		script += block
	}
	if len(blocks) < 6 {
		t.Fatalf("the page has %d blocks", len(blocks))
	}
	c := exec.CommandContext(t.Context(), "sh", "-c", script)
	c.Dir = t.TempDir()
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_RUNTIME_DIR=" + others, "CERTWRIGHT_HTTP_URL=" + d.ready.HTTPURL} // other tests have servers too
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"web is made: version ", "site waits for its certificate", "site is complete: version ", "shop is made: version ", `"kty": "EC"`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	for _, file := range []string{"web.key", "web-chain.pem", "site.pem"} {
		if _, err := os.Stat(filepath.Join(c.Dir, file)); err != nil {
			t.Error(err)
		}
	}
}
