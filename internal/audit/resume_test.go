package audit_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/audit"
	"certwright/internal/audit/line"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
)

// crashed returns a stand whose log was not closed: the files of one that runs,
// and the database as it was at its last checkpoint but the first.
func crashed(t *testing.T, s *stand) *stand {
	t.Helper()
	c := copied(t, s)
	row := <-s.rows
	for !bytes.Contains(row, []byte(`"note"`)) {
		row = <-s.rows
	}
	c.put(t, row)
	return c
}

// copied is a stand with the files of another, which goes on, and no database.
func copied(t *testing.T, s *stand) *stand {
	t.Helper()
	must.Do(t, s.Event(audit.Entry{Operation: "Last"})) // all before it is on the disk
	c := &stand{settings: s.settings, means: s.means, said: &bytes.Buffer{}, path: filepath.Join(t.TempDir(), "audit", "audit.jsonl")}
	c.means.Data = filepath.Dir(filepath.Dir(c.path))
	c.means.Log = slog.New(slog.NewTextHandler(&locked{to: c.said}, nil))
	must.Do(t, os.CopyFS(filepath.Dir(c.path), os.DirFS(filepath.Dir(s.path))))
	return c
}

// put gives it a database with the log's row.
func (s *stand) put(t *testing.T, row []byte) {
	t.Helper()
	book := sqltest.Accounts(t)
	must.Do(t, book.Write(t.Context(), "audit/a1", row, 0))
	s.means.Accounts = book
}

// A log that ended before its first checkpoint goes on as well; a file of
// another log is put aside.
func TestResumesWithoutACheckpoint(t *testing.T) {
	t.Parallel()
	first := newStand(t, audit.Settings{})
	first.note(5)
	s := copied(t, first)
	s.put(t, <-first.rows)
	s.start(t)
	must.Do(t, s.Event(audit.Entry{Operation: "After"}))
	must.Do(t, s.Close())
	how, _ := s.keys(t)
	clean(t, s.verify(t, how), 8)
	other := copied(t, first)
	other.means.Accounts = sqltest.Accounts(t)
	other.start(t)
	must.Do(t, other.Event(audit.Entry{Operation: "After"}))
	must.Do(t, other.Close())
	how, _ = other.keys(t)
	if r, err := line.Verify([]string{other.path}, how); err != nil || len(r.Findings) > 0 || r.Lines != 2 || len(other.files(t)) != 2 {
		t.Errorf("%+v, %v, files %q", r, err, other.files(t))
	}
}

// A log that ended in whatever way goes on: its chain is one, and what was wrong
// is said in it.
func TestResumes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		harm     func(t *testing.T, path string)
		says     string // in the line of its own; "" for no such line
		findings int    // that a verification has
	}{
		"as it was":           {harm: func(*testing.T, string) {}},
		"a torn line":         {harm: add(`{"time":"2026-`), says: "not written to its end"},
		"zeros":               {harm: add("\x00\x00\x00\x00"), says: "not written to its end"},
		"a line of somebody":  {harm: add("{\"time\":\"2026\"}\n"), says: "does not follow", findings: 1},
		"a line changed":      {harm: change("secrets/150\",\"httpStatusCode\":200},\"certwright\":{\"server\":\"a1\",\"phase\":\"end\",\"seq\":11", "secrets/950\",\"httpStatusCode\":200},\"certwright\":{\"server\":\"a1\",\"phase\":\"end\",\"seq\":11"), says: "does not follow", findings: 3}, // the line, and its two neighbours
		"the end gone":        {harm: cut(5), findings: 0, says: ""},
		"more than that gone": {harm: cut(300), says: "end before the last checkpoint", findings: 1},
		"the file gone":       {harm: func(t *testing.T, path string) { must.Do(t, os.Remove(path)) }, says: "or are gone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := newStand(t, audit.Settings{})
			first.note(1000)
			must.Do(t, first.Event(audit.Entry{Operation: "Marked"})) // behind it comes a checkpoint
			first.note(200)
			s := crashed(t, first)
			must.Do(t, first.Close())
			c.harm(t, s.path)
			s.start(t)
			must.Do(t, s.Event(audit.Entry{Operation: "After"}))
			must.Do(t, s.Close())
			how, _ := s.keys(t)
			r := s.verify(t, how)
			if len(r.Findings) != c.findings {
				t.Errorf("findings: %v", r.Findings)
			}
			var said []string
			for _, l := range s.lines(t) {
				if l.OperationName == "CertwrightAuditResumed" {
					said = append(said, l.ResultDescription)
				}
			}
			if c.says == "" && len(said) > 0 || c.says != "" && (len(said) != 1 || !strings.Contains(said[0], c.says) || !strings.Contains(s.said.String(), c.says)) {
				t.Errorf("it says %q, want %q; log: %s", said, c.says, s.said)
			}
			if c.findings == 0 && c.says == "" && r.Lines < 1190 {
				t.Errorf("%d lines", r.Lines)
			}
		})
	}
}

func add(text string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		must.Do(t, err)
		_, err = f.WriteString(text)
		must.Do(t, err)
		must.Do(t, f.Close())
	}
}

func change(from, to string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		text, err := os.ReadFile(path)
		must.Do(t, err)
		if !bytes.Contains(text, []byte(from)) {
			t.Fatalf("no %s", from)
		}
		must.Do(t, os.WriteFile(path, bytes.Replace(text, []byte(from), []byte(to), 1), 0o600))
	}
}

// cut removes lines from the end.
func cut(lines int) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		text, err := os.ReadFile(path)
		must.Do(t, err)
		for range lines {
			text = text[:bytes.LastIndexByte(text[:len(text)-1], '\n')+1]
		}
		must.Do(t, os.WriteFile(path, text, 0o600))
	}
}
