package audit_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"certwright/internal/audit"
	"certwright/internal/audit/line"
	"certwright/internal/must"
	"certwright/internal/setting"
)

// docs/audit.md has every name of an operation and every setting, and its
// example can be read.
func TestDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/audit.md")
	must.Do(t, err)
	for _, name := range audit.OperationNames() {
		if !regexp.MustCompile(`\b` + name + `\b`).Match(text) {
			t.Errorf("%s is not in docs/audit.md", name)
		}
	}
	_, example, _ := strings.Cut(string(text), "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	var s audit.Settings
	must.Do(t, setting.Read([]byte(example), []setting.Field{setting.Group("audit", &s)}, "/etc/certwright"))
	for _, err := range s.Check() {
		t.Error(err)
	}
	var look func(fields []setting.Field)
	look = func(fields []setting.Field) {
		for _, f := range fields {
			if !regexp.MustCompile(`(?m)^ +` + f.Key + `:`).MatchString(example) {
				t.Errorf("the example has no %s", f.Key)
			}
			look(f.In)
		}
	}
	look(s.Fields())
}

// What will not do is told, each setting in its own words.
func TestSettingsCheck(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{}":                          "",
		"{server: 'A B'}":             `audit: server: "A B" is not a valid name`,
		"{sync: soon}":                `audit: sync: "soon" must be always`,
		"{sync: 2h}":                  `audit: sync: "2h" must be always`,
		"{reads: 0s}":                 `audit: reads: "0s" must be always`,
		"{required: most}":            `audit: required: "most" must be any or all`,
		"{file: {max_size_mb: -1}}":   "audit: file: max_size_mb is -1",
		"{file: {max_age: 1s}}":       "audit: file: max_age is 1s",
		"{file: {keep: -1}}":          "audit: file: keep is -1",
		"{syslog: {address: nohost}}": `audit: syslog: address: "nohost" is not a valid collector`,
		"{syslog: {address: 'a:1', ca_bundle: x}}": "audit: syslog: ca_bundle: means nothing without tls: true",
		"{webhook: {url: 'http://example.org'}}":   "audit: webhook: url: ",
	} {
		var s audit.Settings
		must.Do(t, setting.Read([]byte("audit: "+text), []setting.Field{setting.Group("audit", &s)}, "/"))
		wrong := s.Check()
		if want == "" && len(wrong) > 0 || want != "" && (len(wrong) != 1 || !strings.HasPrefix(wrong[0].Error(), want)) {
			t.Errorf("%s: %v, want %q", text, wrong, want)
		}
	}
}

// A line of any length is read, and one that is too long is no line.
func TestLongLines(t *testing.T) {
	t.Parallel()
	s := newStand(t, audit.Settings{})
	s.note(3)
	must.Do(t, s.Close())
	how, _ := s.keys(t)
	good, err := os.ReadFile(s.path)
	must.Do(t, err)
	for _, n := range []int{64<<10 - 1, 64 << 10, 64<<10 + 1, 1 << 20} {
		r, err := line.VerifyReader("x", strings.NewReader(strings.Repeat("x", n)+"\n"+string(good)), how)
		must.Do(t, err)
		if len(r.Findings) == 0 || r.Findings[0].Line != 1 || r.Lines != 4 {
			t.Errorf("%d bytes: %+v", n, r)
		}
	}
}
