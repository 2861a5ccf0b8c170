package audit_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"certwright/internal/audit"
	"certwright/internal/must"
)

// The end of a log is shown while it is written, and what was changed in it shows.
func TestRecent(t *testing.T) {
	t.Parallel()
	s := newStand(t, audit.Settings{})
	s.note(40)
	must.Do(t, s.Close()) // everything is in the file, with a checkpoint
	s.start(t)
	r, err := s.Recent()
	if err != nil || !r.Begun || len(r.Report.Findings) > 0 || r.Report.Signed < 40 || r.Server != "a1" {
		t.Fatalf("%+v %v", r.Report, err)
	}
	if n := len(r.Lines); n != 40 || r.Lines[n-1].OperationName == "" {
		t.Errorf("%d lines", n)
	}
	good, err := os.ReadFile(s.path)
	must.Do(t, err)
	for name, bad := range map[string][]byte{
		"changed": bytes.Replace(good, []byte(`"durationMs":"`), []byte(`"durationMs":"9`), 1),
		"cut off": good[:len(good)/2],
		"emptied": nil,
	} {
		must.Do(t, os.WriteFile(s.path, bad, 0o600))
		r, err := s.Recent()
		if err != nil || len(r.Report.Findings) == 0 {
			t.Errorf("%s: %+v %v", name, r.Report, err)
		}
		if name == "cut off" && !strings.Contains(r.Report.Findings[len(r.Report.Findings)-1].What, "cut off") {
			t.Errorf("%s: %v", name, r.Report.Findings)
		}
	}
	must.Do(t, os.WriteFile(s.path, good, 0o600))
}
