package audit_test

import (
	"bytes"
	"os"
	"testing"

	"certwright/internal/audit"
	"certwright/internal/audit/line"
	"certwright/internal/must"
)

// Whatever a file holds, reading it ends; and no text but the log itself is
// taken for it by who has the keys and its last checkpoint.
func FuzzVerify(f *testing.F) {
	s := newStand(f, audit.Settings{})
	s.note(4)
	must.Do(f, s.Close())
	how, last := s.keys(f)
	how.Checkpoint = &last
	good, err := os.ReadFile(s.path)
	must.Do(f, err)
	lines := bytes.SplitAfter(good, []byte("\n"))
	f.Add(good)
	f.Add([]byte{})
	f.Add(bytes.Join(lines[1:], nil))
	f.Add(bytes.Join(append(lines[:2:2], lines[3:]...), nil))
	f.Add(bytes.Replace(good, []byte(`"note":"`), []byte(`"note":"x\n`), 1))
	f.Add(bytes.ReplaceAll(good, []byte(`"edge":"`), []byte(`"edge":",`)))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := line.VerifyReader("x", bytes.NewReader(text), how)
		if err == nil && len(r.Findings) == 0 && !r.Torn && !bytes.Equal(text, good) {
			t.Errorf("it is taken for the log: %q", text)
		}
		for one := range bytes.Lines(text) {
			if l, err := line.ReadLine(one); err == nil {
				_ = l.OCSF()
			}
		}
	})
}
