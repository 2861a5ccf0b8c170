package serve_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"certwright/conformance/serve"
	"certwright/internal/must"
)

// The ten minutes of docs/serve.md, from the TLS certificate to the program that
// may read its certificate and nothing else, are what happens when they are typed.
func TestDocumentedTenMinutes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/serve.md")
	must.Do(t, err)
	page, _, _ := strings.Cut(string(text), "\n## As a service")
	h := serve.New(t) // for its program and its folder
	folder := t.TempDir()
	home := append(os.Environ(), "HOME="+folder, "XDG_RUNTIME_DIR="+folder, "PATH="+filepath.Dir(h.Program)+":"+os.Getenv("PATH"), "CERTWRIGHT_CONFIG=config.yaml")
	sh := func(script string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), "sh", "-c", script)
		c.Dir, c.Env = folder, home
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, script, out)
		}
		return string(out)
	}
	block := func(holds string) string {
		t.Helper()
		for _, b := range strings.Split(page, "```")[1:] {
			_, b, _ = strings.Cut(b, "\n")
			if strings.Contains(b, holds) {
				return b
			}
		}
		t.Fatalf("the page has no block with %q", holds)
		return ""
	}
	config := strings.NewReplacer("127.0.0.1:8443", "127.0.0.1:0", "127.0.0.1:8080", "127.0.0.1:0").Replace(block("token_service:"))
	must.Do(t, os.WriteFile(filepath.Join(folder, "config.yaml"), []byte(config), 0o600))
	sh(block("openssl req"))
	first, _, _ := strings.Cut(block("certwright client add"), "certwright check")
	sh(first)
	if info, err := os.Stat(filepath.Join(folder, "admin.env")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the administrator's secret: %v, %v", info, err)
	}
	server := exec.Command(h.Program, "serve", "--config", "config.yaml", "--json")
	server.Dir, server.Env = folder, home
	out, err := server.StdoutPipe()
	must.Do(t, err)
	must.Do(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatalf("it is not ready: %v", err)
	}
	asAdmin := sh(block("certwright issuer set"))
	if !strings.Contains(asAdmin, "shop-1 is made: version ") || !strings.Contains(asAdmin, "shop-1  valid  in ") {
		t.Errorf("the administrator sees\n%s", asAdmin)
	}
	asShop := sh(block("certwright issuer set") + strings.Replace(block("certwright cert export"), "certwright cert list", "! certwright cert list", 1))
	if !strings.Contains(asShop, "wrote shop-1.pem") || !strings.Contains(asShop, "is not authorized") {
		t.Errorf("the program sees\n%s", asShop)
	}
}
