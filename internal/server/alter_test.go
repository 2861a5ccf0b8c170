package server

import (
	"bytes"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/config"
	"certwright/internal/folder"
	"certwright/internal/must"
)

// alter runs SQL on the database of a folder, as somebody else would.
func alter(t *testing.T, data, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(data, folder.DatabaseFile))
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

// asBefore makes a folder what the program left that knew no seals of rows.
func asBefore(t *testing.T, data string) {
	t.Helper()
	text := "PRAGMA user_version = 7; DELETE FROM goose_db_version WHERE version_id > 7; DELETE FROM settings WHERE key = 'database.bound';"
	for _, table := range []string{"objects", "versions", "issuers", "contacts", "accounts", "settings"} {
		text += "ALTER TABLE " + table + " DROP COLUMN mac;"
	}
	alter(t, data, text)
	m, err := folder.ReadMark(filepath.Join(data, folder.MarkFile))
	must.Do(t, err)
	must.Do(t, os.WriteFile(filepath.Join(data, folder.MarkFile), fmt.Appendf(nil, `{"database":%q,"generation":%d,"open":false}`, m.Database, m.Generation), 0o600))
}

// A folder of the program before gets its seals at the first start, and is held
// to them from then on.
func TestFolderOfBeforeIsBound(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	s := startIn(t, data, Options{})
	setSecret(t, s, "one")
	stop(t, s)
	asBefore(t, data)
	if folder.Bound(data) {
		t.Fatal("it is bound already")
	}
	var log bytes.Buffer
	stop(t, startIn(t, data, Options{Log: slog.New(slog.NewTextHandler(&log, nil))}))
	if !folder.Bound(data) || strings.Count(log.String(), "the rows of the database were sealed") != 1 {
		t.Errorf("bound %v: %s", folder.Bound(data), log.String())
	}
	log.Reset()
	s = startIn(t, data, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	got := ask(t, client(t, s), "GET", s.Ready.IPURL+"/secrets/kept/"+versions, "", "Authorization", "Bearer x")
	stop(t, s)
	if got.status != 200 || strings.Contains(log.String(), "were sealed") {
		t.Errorf("get: %d %s: %s", got.status, got.body, log.String())
	}
	alter(t, data, "UPDATE versions SET mac = NULL; DELETE FROM settings WHERE key = 'database.bound'")
	s = startIn(t, data, Options{})
	got = ask(t, client(t, s), "GET", s.Ready.IPURL+"/secrets/kept/"+versions, "", "Authorization", "Bearer x")
	if stop(t, s); got.status != 500 {
		t.Errorf("get without MACs: %d %s", got.status, got.body)
	}
}
