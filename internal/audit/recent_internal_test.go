package audit

import (
	"os"
	"path/filepath"
	"testing"

	"certwright/internal/must"
)

// The end of a log is read over its files, from the beginning of a line.
func TestLastOf(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	old := filepath.Join(filepath.Dir(path), "audit-20261128T000000Z-000001.jsonl")
	must.Do(t, os.WriteFile(old, []byte("one\ntwo\n"), 0o600))
	must.Do(t, os.WriteFile(path, []byte("three\nfour\n"), 0o600))
	for most, want := range map[int64]string{100: "one\ntwo\nthree\nfour\n", 19: "one\ntwo\nthree\nfour\n", 16: "two\nthree\nfour\n", 9: "four\n"} {
		text, whole, err := settled(path, most)
		if err != nil || string(text) != want || whole != (most >= 19) {
			t.Errorf("of %d bytes: %q, whole %v, %v", most, text, whole, err)
		}
	}
	if got := fromCheckpoint([]byte("{}\n{\"operationName\":\"CertwrightCheckpoint\"}\n{}\n")); string(got) != "{\"operationName\":\"CertwrightCheckpoint\"}\n{}\n" {
		t.Errorf("from the checkpoint: %q", got)
	}
}
