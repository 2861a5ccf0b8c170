//go:build linux

package serve_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"certwright/internal/must"
)

// The unit is one that systemd takes, and its exposure is low.
func TestUnit(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("systemd-analyze is not here: the unit is not verified")
	}
	must.Do(t, err)
	text, err := os.ReadFile("../../packaging/systemd/certwright.service")
	must.Do(t, err)
	unit := filepath.Join(t.TempDir(), "certwright.service")
	// what it starts must be there, and is not installed here
	must.Do(t, os.WriteFile(unit, []byte(strings.ReplaceAll(string(text), "/usr/bin/certwright", "/bin/true")), 0o644))
	if said, err := exec.Command(analyze, "verify", unit).CombinedOutput(); err != nil || len(said) > 0 {
		t.Errorf("verify: %v\n%s", err, said)
	}
	said, err := exec.Command(analyze, "security", "--offline=true", "--no-pager", unit).CombinedOutput()
	found := regexp.MustCompile(`exposure level for \S+: ([0-9.]+)`).FindSubmatch(said)
	if found == nil {
		t.Fatalf("security: %v\n%s", err, said)
	}
	if level, err := strconv.ParseFloat(string(found[1]), 64); err != nil || level > 1.5 {
		t.Errorf("its exposure is %s, and may be 1.5", found[1])
	}
}
