package server

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/backup"
	"certwright/internal/config"
	"certwright/internal/logs"
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
		s := startIn(t, to, Options{Log: slog.New(logs.Lines(&log, slog.LevelWarn))})
		must.Do(t, s.Stop())
		if got := strings.Count(log.String(), "was restored from a backup"); got != want {
			t.Errorf("start %d said it %d times: %s", n+1, got, log.String())
		}
	}
}

// A folder in which a restore was cut short is not taken for a new one.
func TestRestoreCutShortIsRefused(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, backup.ManifestFile), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Start(t.Context(), config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: data}, Options{})
	if err == nil {
		stop(t, s)
	}
	if err == nil || !strings.Contains(err.Error(), "cut short") || !strings.Contains(err.Error(), "\nhint: ") {
		t.Errorf("%v", err)
	}
}
