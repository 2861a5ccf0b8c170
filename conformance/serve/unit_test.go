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

// The steps of docs/serve.md hand the service the TLS files as the unit's
// credentials, which alone its user can read.
func TestDocumentedStepsGiveCredentials(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/serve.md")
	must.Do(t, err)
	unit, err := os.ReadFile("../../packaging/systemd/certwright.service")
	must.Do(t, err)
	dir := t.TempDir()
	const config, service = "/etc/certwright/config.yaml", "/etc/systemd/system/certwright.service"
	files := map[string]string{config: filepath.Join(dir, "config.yaml"), service: filepath.Join(dir, "unit")}
	must.Do(t, os.WriteFile(files[config], []byte("data: ./data\ntls: {cert: tls.pem, key: tls.key}\n"), 0o600))
	must.Do(t, os.WriteFile(files[service], unit, 0o600))
	steps := 0
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "sed -i ") {
			out, err := exec.Command("sh", "-c", strings.NewReplacer(" "+config, " "+files[config], " "+service, " "+files[service]).Replace(line)).CombinedOutput()
			if err != nil {
				t.Fatalf("%s%v: %s", line, err, out)
			}
			steps++
		}
	}
	got, err := os.ReadFile(files[config])
	must.Do(t, err)
	const at = "/run/credentials/certwright.service/"
	if want := "data: /var/lib/certwright\ntls: {cert: " + at + "tls.pem, key: " + at + "tls.key}\n"; string(got) != want {
		t.Errorf("after %d steps the configuration is\n%s", steps, got)
	}
	got, err = os.ReadFile(files[service])
	must.Do(t, err)
	for _, name := range []string{"tls.pem", "tls.key"} {
		if !strings.Contains(string(got), "\nLoadCredential="+name+":/etc/certwright/"+name+"\n") {
			t.Errorf("after %d steps the unit does not load %s", steps, name)
		}
	}
}
