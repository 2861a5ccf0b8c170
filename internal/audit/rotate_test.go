package audit_test

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"certwright/internal/audit"
	"certwright/internal/audit/line"
	"certwright/internal/must"
)

// A file that is full gets a name with the time and a number, each file can be
// verified by itself, and as many stay as are to.
func TestRotates(t *testing.T) {
	t.Parallel()
	s := newStand(t, audit.Settings{File: audit.FileSettings{MaxSize: 1, Keep: 2}})
	for range 40 {
		s.note(250)
		must.Do(t, s.Event(audit.Entry{Operation: "X"}))
	}
	must.Do(t, s.Close())
	files := s.files(t)
	if len(files) != 3 || files[2] != s.path {
		t.Fatalf("%q", files)
	}
	how, _ := s.keys(t)
	var total int64
	for _, path := range files {
		if name := filepath.Base(path); path != s.path && !regexp.MustCompile(`^audit-\d{8}T\d{6}Z-00000\d\.jsonl$`).MatchString(name) {
			t.Errorf("name %s", name)
		}
		info, err := os.Stat(path)
		must.Do(t, err)
		if info.Size() > 1<<20+300<<10 || runtime.GOOS != "windows" && info.Mode().Perm() != 0o640 {
			t.Errorf("%s has %d bytes, mode %o", path, info.Size(), info.Mode().Perm())
		}
		one := line.Verification{Verifier: how.Verifier}
		r, err := line.Verify([]string{path}, one)
		must.Do(t, err)
		if len(r.Findings) > 0 || r.Checkpoints < 2 || r.Signed == 0 {
			t.Errorf("%s: %+v", path, r)
		}
		total += r.Lines
	}
	r := s.verify(t, how)
	clean(t, r, total)
	must.Do(t, os.Remove(files[1]))
	if r = s.verify(t, how); len(r.Findings) != 1 || !strings.Contains(r.Findings[0].String(), "are missing") {
		t.Errorf("with a file missing: %v", r.Findings)
	}
}

// A file that somebody else moved away is left at Reopen, and another begins.
func TestReopens(t *testing.T) {
	t.Parallel()
	s := newStand(t, audit.Settings{})
	must.Do(t, s.Event(audit.Entry{Operation: "X"}))
	moved := filepath.Join(filepath.Dir(s.path), "audit-20200101T000000Z-000001.jsonl")
	must.Do(t, os.Rename(s.path, moved))
	must.Do(t, s.Event(audit.Entry{Operation: "Y"}))
	s.Reopen()
	must.Do(t, s.Event(audit.Entry{Operation: "Z"}))
	s.Reopen() // changes nothing
	must.Do(t, s.Event(audit.Entry{Operation: "Z2"}))
	must.Do(t, s.Close())
	var names []string
	for _, l := range s.lines(t) {
		names = append(names, l.OperationName)
	}
	if got := strings.Join(names, " "); got != "CertwrightCheckpoint Z Z2 CertwrightCheckpoint" {
		t.Errorf("the new file has %s", got)
	}
	how, _ := s.keys(t)
	clean(t, s.verify(t, how), 6)
}
