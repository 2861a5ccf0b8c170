package server

import (
	"bytes"
	"database/sql"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/config"
	"certwright/internal/must"
)

// alter runs SQL on the database of a folder, as somebody else would.
func alter(t *testing.T, data, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(data, databaseFile))
	must.Do(t, err)
	defer db.Close()
	_, err = db.Exec(text)
	must.Do(t, err)
}

// A row that somebody else wrote is a fault of ours to the caller; the operator
// reads which it is in the log and in the metrics.
func TestAlteredRowIsAFault(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	var log bytes.Buffer
	s := startIn(t, data, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	setSecret(t, s, "one")
	alter(t, data, "UPDATE versions SET enabled = 0, tags = '{\"x\":\"intruder\"}'")
	got := ask(t, client(t, s), "GET", s.Ready.IPURL+"/secrets/kept/"+versions, "", "Authorization", "Bearer x")
	if got.status != 500 || strings.Contains(got.body, "intruder") {
		t.Errorf("get: %d %s", got.status, got.body)
	}
	metrics := ask(t, client(t, s), "GET", s.Ready.HTTPURL+"/metrics", "")
	if !strings.Contains(metrics.body, "certwright_store_altered_total 1\n") {
		t.Errorf("metrics: %s", metrics.body)
	}
	stop(t, s)
	if !strings.Contains(log.String(), "row=\"version default/secrets/kept/") || strings.Contains(log.String(), "intruder") {
		t.Errorf("log: %s", log.String())
	}

	// Without its MACs, and without the mark of them that lies in the database.
	alter(t, data, "UPDATE versions SET mac = NULL")
	alter(t, data, "DELETE FROM settings WHERE key = 'database.bound'")
	s = startIn(t, data, Options{})
	got = ask(t, client(t, s), "GET", s.Ready.IPURL+"/secrets/kept/"+versions, "", "Authorization", "Bearer x")
	if stop(t, s); got.status != 500 {
		t.Errorf("get without MACs: %d %s", got.status, got.body)
	}

	// The clock follows no offset that somebody else wrote.
	alter(t, data, "INSERT OR REPLACE INTO settings (key, value) VALUES ('clock.offset', '9000h0m0s')")
	if _, err := Start(t.Context(), config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: data}, Options{}); err == nil || !strings.Contains(err.Error(), "setting clock.offset") {
		t.Errorf("start: %v", err)
	}
}
