package audit_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"certwright/internal/audit"
	"certwright/internal/audit/line"
	"certwright/internal/must"
)

// files are those of the log, the oldest first.
func (s *stand) files(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(filepath.Dir(s.path), "audit*.jsonl"))
	must.Do(t, err)
	slices.SortFunc(all, func(a, b string) int { // the one without a number is the newest
		return strings.Compare(strings.Replace(a, ".jsonl", "~", 1), strings.Replace(b, ".jsonl", "~", 1))
	})
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}

// keys are what the database has.
func (s *stand) keys(t testing.TB) (how line.Verification, last line.Checkpoint) {
	t.Helper()
	k, err := audit.ReadKnown(t.Context(), s.means.Accounts, s.settings)
	must.Do(t, err)
	by, err := note.NewVerifier(k.Verifier)
	must.Do(t, err)
	last, err = line.ReadCheckpoint(k.Checkpoint, by)
	must.Do(t, err)
	return line.Verification{Verifier: by, Keys: k.Keys}, last
}

func (s *stand) verify(t *testing.T, how line.Verification) line.Report {
	t.Helper()
	r, err := line.Verify(s.files(t), how)
	must.Do(t, err)
	return r
}

func clean(t *testing.T, r line.Report, lines int64) {
	t.Helper()
	if len(r.Findings) > 0 || r.Torn || r.Lines != lines {
		t.Errorf("%d lines, torn: %v, %v; want %d and no finding", r.Lines, r.Torn, r.Findings, lines)
	}
}

// note writes n lines that nobody waits for.
func (s *stand) note(n int) {
	for i := range n {
		s.Note(audit.Entry{Operation: "SecretGet", Phase: line.Ends, Status: 200, ID: fmt.Sprint("https://web/secrets/", i)})
	}
}

// Sixteen writers: each line has its number, each writer's are in its order, and
// all are proved, by the database's keys and by the public one alone.
func TestOrder(t *testing.T) {
	t.Parallel()
	s := newStand(t, audit.Settings{})
	const writers, each = 16, 150
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				if err := s.Event(audit.Entry{Operation: "X", Vault: fmt.Sprint("w", w), Correlation: fmt.Sprint(i)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	must.Do(t, s.Close())
	next := map[any]int{}
	lines := s.lines(t)
	for i, l := range lines {
		if l.Certwright.Seq != int64(i) {
			t.Fatalf("line %d has the number %d", i, l.Certwright.Seq)
		}
		if l.OperationName == "X" {
			if l.CorrelationID != fmt.Sprint(next[l.ResourceID]) {
				t.Fatalf("line %d of %s is %s, want %d", i, l.ResourceID, l.CorrelationID, next[l.ResourceID])
			}
			next[l.ResourceID]++
		}
	}
	if len(next) != writers {
		t.Errorf("%d writers", len(next))
	}
	how, last := s.keys(t)
	n := int64(len(lines))
	r := s.verify(t, how)
	if clean(t, r, n); r.Signed != n-1 || r.Chained != n || r.Checkpoints < 2 || last.Size != n-1 || last.Origin != "vault.example/audit/a1" {
		t.Errorf("%+v, last %+v", r, last)
	}
	if r = s.verify(t, line.Verification{Verifier: how.Verifier, Checkpoint: &last}); r.Signed != n-1 || r.Chained != 0 {
		t.Errorf("by the public key alone: %+v", r)
	}
	clean(t, r, n)
}

// Whatever byte is changed, in whatever part of whatever line, it is found, by
// the database's keys; by the public key alone in all but the last checkpoint's
// own line.
func TestTampered(t *testing.T) {
	t.Parallel()
	s := newStand(t, audit.Settings{})
	s.note(8)
	must.Do(t, s.Close())
	how, last := s.keys(t)
	good, err := os.ReadFile(s.path)
	must.Do(t, err)
	found := func(text []byte, how line.Verification) []line.Finding {
		t.Helper()
		r, err := line.VerifyReader("x", bytes.NewReader(text), how)
		must.Do(t, err)
		return r.Findings
	}
	if f := found(good, how); len(f) > 0 {
		t.Fatal(f)
	}
	public := line.Verification{Verifier: how.Verifier, Checkpoint: &last}
	lastLine := bytes.LastIndexByte(good[:len(good)-1], '\n') + 1
	for at, c := range good {
		if to := []byte{c ^ 1, '"', '\n', 0, '0'}[at%5]; to != c { // by now and then every part of a line meets each
			bad := bytes.Clone(good)
			bad[at] = to
			if f := found(bad, how); len(f) == 0 {
				t.Fatalf("byte %d, %q, became %q: not found in ...%s", at, c, to, around(bad, at))
			}
			if f := found(bad, public); len(f) == 0 && at < lastLine-1 {
				t.Fatalf("byte %d, %q, became %q: not found by the public key in ...%s", at, c, to, around(bad, at))
			}
		}
	}
	lines := slices.Collect(bytes.Lines(good))
	join := func(l ...[]byte) []byte { return bytes.Join(l, nil) }
	for name, bad := range map[string][]byte{
		"a line removed":      join(slices.Delete(slices.Clone(lines), 3, 4)...),
		"the first removed":   join(lines[1:]...),
		"a line twice":        join(slices.Insert(slices.Clone(lines), 3, lines[3])...),
		"two changed places":  join(slices.Concat(lines[:3], [][]byte{lines[4], lines[3]}, lines[5:])...),
		"the end removed":     join(lines[:5]...),
		"the last removed":    join(lines[:len(lines)-1]...),
		"a line put in":       join(slices.Insert(slices.Clone(lines), 3, []byte("{}\n"))...),
		"a byte order mark":   join([]byte("\ufeff"), good),
		"the last line break": good[:len(good)-1],
	} {
		if f := found(bad, how); len(f) == 0 && name != "the last line break" {
			t.Errorf("%s: not found", name)
		}
		if f := found(bad, public); len(f) == 0 && name != "the last line break" && name != "the last removed" {
			t.Errorf("%s: not found by the public key", name)
		}
	}
}

func around(text []byte, at int) []byte {
	return text[max(0, at-40):min(len(text), at+20)]
}

// What is found says where: the file, its line, and the number.
func TestFindingsSayWhere(t *testing.T) {
	t.Parallel()
	s := newStand(t, audit.Settings{})
	s.note(5)
	must.Do(t, s.Close())
	how, _ := s.keys(t)
	text, err := os.ReadFile(s.path)
	must.Do(t, err)
	bad := bytes.Replace(text, []byte("https://web/secrets/2"), []byte("https://web/secrets/9"), 1)
	must.Do(t, os.WriteFile(s.path, bad, 0o600))
	r := s.verify(t, how)
	want := []string{s.path + ":3: seq 2: it was changed, or the line behind it was: they do not belong together",
		s.path + ":6: seq 5: something from seq 0 to 4 was changed: it is not what the checkpoint was made of"}
	var got []string
	for _, f := range r.Findings {
		got = append(got, f.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
