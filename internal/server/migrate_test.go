package server

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/config"
	"certwright/internal/folder"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
	"certwright/internal/store/sqlstore/sqltest"
)

// The database of a folder is brought up to date without a server, and the
// server then starts on it; one of a newer program stays as it is.
func TestMigrateAFolder(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	path := filepath.Join(data, folder.DatabaseFile)
	must.Do(t, os.WriteFile(path, nil, 0o600))
	db, err := sql.Open("sqlite", path)
	must.Do(t, err)
	_, err = db.Exec("PRAGMA application_id = 0x43745772") // a start that was killed before it made the tables
	must.Do(t, errors.Join(err, db.Close()))
	c := config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: data}
	from, to, err := Migrate(t.Context(), c)
	must.Do(t, err)
	if from != 0 || to < 8 {
		t.Errorf("from %d to %d", from, to)
	}
	s := begin(t, c)
	if _, _, err := Migrate(t.Context(), c); err == nil || !strings.Contains(err.Error(), "in use by process") {
		t.Errorf("beside a server: %v", err)
	}
	stop(t, s)
	if again, now, err := Migrate(t.Context(), c); err != nil || again != to || now != to {
		t.Errorf("again from %d to %d, %v", again, now, err)
	}
	db, err = sql.Open("sqlite", path)
	must.Do(t, err)
	_, err = db.Exec("PRAGMA user_version = 4711; UPDATE settings SET value = '4711' WHERE key = 'schema.min_reader'")
	must.Do(t, errors.Join(err, db.Close()))
	if _, _, err := Migrate(t.Context(), c); !errors.Is(err, sqlstore.ErrNewer) {
		t.Errorf("a newer one: %v", err)
	}
	if _, _, err := Migrate(t.Context(), config.Config{Data: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "there is no database in ") {
		t.Errorf("none: %v", err)
	}
}

// An empty schema gets its tables.
func TestMigrateASchema(t *testing.T) {
	t.Parallel()
	c := config.Config{Production: true, Store: sqltest.NewSchema(t, sqltest.Postgres(t)[0]).URL}
	from, to, err := Migrate(t.Context(), c)
	if err != nil || from != 0 || to < 8 {
		t.Errorf("from %d to %d, %v", from, to, err)
	}
	if from, to, err := Migrate(t.Context(), c); err != nil || from != to {
		t.Errorf("again from %d to %d, %v", from, to, err)
	}
}
