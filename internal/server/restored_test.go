package server

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/backup"
	"certwright/internal/must"
)

// The first start on restored data says where they come from; the next does not.
func TestRestoredDataAreTold(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	s := startIn(t, data, Options{})
	made, err := backup.Take(t.Context(), backup.Request{Data: data, To: t.TempDir(), WithKeyset: true})
	must.Do(t, err)
	must.Do(t, s.Stop())
	to := t.TempDir()
	if _, err := backup.Restore(t.Context(), backup.Restoration{From: made.File, Data: to}); err != nil {
		t.Fatal(err)
	}
	for n, want := range []int{1, 0} {
		var log bytes.Buffer
		s := startIn(t, to, Options{Log: slog.New(LogLines(&log, slog.LevelWarn))})
		must.Do(t, s.Stop())
		if got := strings.Count(log.String(), "was restored from a backup"); got != want {
			t.Errorf("start %d said it %d times: %s", n+1, got, log.String())
		}
	}
}
