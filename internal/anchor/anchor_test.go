package anchor

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"certwright/internal/must"
)

// of the system that fails is told with its words.
func TestRefusals(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("SKIPPED: this system has no folder of authorities")
	}
	root := t.TempDir()
	if _, err := Find(root); err == nil || !strings.Contains(err.Error(), "\nhint: ") {
		t.Errorf("an unknown system: %v", err)
	}
	dir := filepath.Join(root, "etc/pki/ca-trust/source/anchors")
	must.Do(t, os.MkdirAll(dir, 0o755))
	s, err := Find(root)
	must.Do(t, err)
	file := filepath.Join(root, "x.pem")
	for _, text := range []string{"", "word", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		must.Do(t, os.WriteFile(file, []byte(text), 0o600))
		if _, err := s.Install(file); err == nil {
			t.Errorf("%q was installed", text)
		}
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) > 0 {
		t.Errorf("%v, %v", all, err)
	}
	s.update = []string{"sh", "-c", "echo not so; exit 3"}
	if err := run(s.update); err == nil || !strings.Contains(err.Error(), "not so") {
		t.Error(err)
	}
}
