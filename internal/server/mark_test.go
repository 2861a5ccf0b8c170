package server

import (
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/config"
	"certwright/internal/folder"
	"certwright/internal/logs"
	"certwright/internal/must"
	"certwright/internal/trust"
)

const versions = "?api-version=7.4"

// refused starts a server in a folder and wants it to say no, lead out, and
// leave every file but the lock as it was.
func refused(t *testing.T, data, want string) {
	t.Helper()
	before := folderContents(t, data)
	s, err := Start(t.Context(), config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: data}, Options{})
	if err == nil {
		stop(t, s)
	}
	if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "\nhint: ") {
		t.Fatalf("got %v\nwant %s", err, want)
	}
	after := folderContents(t, data)
	for name, text := range before {
		if got, ok := after[name]; !ok || got != text {
			t.Errorf("the refused start changed %s", name)
		}
	}
}

func folderContents(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	entries, err := os.ReadDir(dir)
	must.Do(t, err)
	for _, e := range entries {
		if e.IsDir() || e.Name() == folder.LockFile || strings.HasSuffix(e.Name(), "-shm") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		must.Do(t, err)
		found[e.Name()] = string(text)
	}
	return found
}

// copyFolder copies the files of a folder that a server may be using, as it
// would be found had the server been killed.
func copyFolder(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "data")
	must.Do(t, os.Mkdir(to, 0o700))
	for name, text := range folderContents(t, from) {
		mode := os.FileMode(0o600)
		if strings.HasSuffix(name, "ca.pem") {
			mode = 0o644
		}
		must.Do(t, os.WriteFile(filepath.Join(to, name), []byte(text), mode))
	}
	return to
}

func setSecret(t *testing.T, s *Server, value string) {
	t.Helper()
	if got := ask(t, client(t, s), "PUT", s.Ready.IPURL+"/secrets/kept"+versions, `{"value":"`+value+`"}`, "Authorization", "Bearer x"); got.status != 200 {
		t.Fatalf("set: %d %s", got.status, got.body)
	}
}

// wantSecret starts a server in a folder and wants the secret's value.
func wantSecret(t *testing.T, data, value string, o Options) {
	t.Helper()
	s := startIn(t, data, o)
	defer stop(t, s)
	got := ask(t, client(t, s), "GET", s.Ready.IPURL+"/secrets/kept/"+versions, "", "Authorization", "Bearer x")
	if value == "" && got.status == 404 {
		return
	}
	if got.status != 200 || !strings.Contains(got.body, `"value":"`+value+`"`) {
		t.Errorf("get: %d %s, want %s", got.status, got.body, value)
	}
}

// usedFolder has the states of a folder's life: stopped with the secret "one",
// killed with "two" written since, then stopped with "three".
func usedFolder(t *testing.T) (one, two, three string) {
	t.Helper()
	one = filepath.Join(t.TempDir(), "data")
	s := startIn(t, one, Options{})
	setSecret(t, s, "one")
	stop(t, s)
	two = copyFolder(t, one)
	s = startIn(t, two, Options{})
	setSecret(t, s, "two")
	three = two
	two = copyFolder(t, three)
	setSecret(t, s, "three")
	stop(t, s)
	return one, two, three
}

// A database that is gone, or not the one that was here last, is not taken for
// a new one.
func TestALostDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	one, two, three := usedFolder(t)
	other := filepath.Join(t.TempDir(), "data")
	stop(t, startIn(t, other, Options{}))
	t.Run("all", func(t *testing.T) { refuseAll(t, one, two, three, other) })
	wantSecret(t, one, "one", Options{})
	wantSecret(t, two, "two", Options{})
	wantSecret(t, three, "three", Options{})
}

func refuseAll(t *testing.T, one, two, three, other string) {
	db := func(dir string) string { return filepath.Join(dir, folder.DatabaseFile) }
	move := func(from, to string) {
		text, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to, text, 0o600)
		}
		must.Do(t, err)
	}
	remove := func(path string) {
		must.Do(t, os.Remove(path))
	}
	for name, c := range map[string]struct {
		of    string
		spoil func(dir string)
		want  string
	}{
		"missing":                               {three, func(dir string) { remove(db(dir)) }, "certwright.db is missing or empty, but this folder was in use"},
		"missing, without a mark":               {three, func(dir string) { remove(db(dir)); remove(filepath.Join(dir, folder.MarkFile)) }, "is missing or empty"},
		"missing, with its keyset":              {three, func(dir string) { remove(db(dir)); remove(filepath.Join(dir, folder.KeysetFile)) }, "is missing or empty"},
		"no bytes":                              {three, func(dir string) { _ = os.Truncate(db(dir), 0) }, "is missing or empty"},
		"missing but for its log":               {two, func(dir string) { remove(db(dir)) }, "its log certwright.db-wal is still there"},
		"without its log":                       {two, func(dir string) { remove(db(dir) + "-wal") }, "the database is older than the one that this folder had last"},
		"without its log, written back in part": {two, writeBack, "its log certwright.db-wal is missing"},
		"older":                                 {three, func(dir string) { move(db(one), db(dir)) }, "the database is older than"},
		"of while it ran":                       {three, func(dir string) { move(db(two), db(dir)); move(db(two)+"-wal", db(dir)+"-wal") }, "the database is older than"},
		"cut short":                             {three, func(dir string) { _ = os.Truncate(db(dir), 8192) }, "the database is damaged: "},
		"another's":                             {three, func(dir string) { move(db(other), db(dir)) }, "the database is not the one that this folder had"},
		"a damaged mark":                        {three, func(dir string) { _ = os.Truncate(filepath.Join(dir, folder.MarkFile), 5) }, "mark.json is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := copyFolder(t, c.of)
			c.spoil(dir)
			refused(t, dir, c.want)
			refused(t, dir, c.want) // not only once
		})
	}
}

// writeBack has the log in the database and gone, as a program that knows
// nothing of the mark leaves it, or a checkpoint before the log was lost.
func writeBack(dir string) {
	db, err := sql.Open("sqlite", filepath.Join(dir, folder.DatabaseFile))
	if err == nil {
		_, _ = db.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
		_ = db.Close()
	}
}

// The hints lead out: without its mark a folder, like one of an older program,
// takes the database that is there.
func TestTheMarkMayBeRemoved(t *testing.T) {
	t.Parallel()
	_, two, three := usedFolder(t)
	writeBack(two)
	for dir, want := range map[string]string{two: "two", three: "three"} {
		must.Do(t, os.Remove(filepath.Join(dir, folder.MarkFile)))
		db, err := sql.Open("sqlite", filepath.Join(dir, folder.DatabaseFile))
		must.Do(t, err)
		_, err = db.Exec("DELETE FROM settings WHERE key LIKE 'database.%'") // as an older program left it
		must.Do(t, errors.Join(err, db.Close()))
		wantSecret(t, dir, want, Options{})
		wantSecret(t, dir, want, Options{}) // with the mark that it got
		if m, err := folder.ReadMark(filepath.Join(dir, folder.MarkFile)); err != nil || m == nil || m.Open {
			t.Errorf("the mark is %+v, %v", m, err)
		}
	}
}

// --new-database begins with an empty one, and what the keyset and the TLS
// authority are for goes on; it never puts one in the place of another.
func TestNewDatabase(t *testing.T) {
	t.Parallel()
	_, _, dir := usedFolder(t)
	anew := Options{NewDatabase: true}
	c := config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: dir}
	if _, err := Start(t.Context(), c, anew); err == nil || !strings.Contains(err.Error(), "there is a database\nhint: start without --new-database") {
		t.Fatalf("over a database: %v", err)
	}
	wantSecret(t, dir, "three", Options{})
	before := folderContents(t, dir)
	for _, spoil := range []func(path string) error{os.Remove, func(path string) error { return os.Truncate(path, 0) }} {
		must.Do(t, spoil(filepath.Join(dir, folder.DatabaseFile)))
		var said strings.Builder
		anew.Log = slog.New(logs.Lines(&said, slog.LevelWarn))
		wantSecret(t, dir, "", anew)
		if !strings.Contains(said.String(), "a new issuing authority was made") {
			t.Errorf("it said %q", said.String())
		}
		wantSecret(t, dir, "", Options{})
	}
	after := folderContents(t, dir)
	for _, name := range []string{folder.KeysetFile, "ca.pem", "ca-key.pem"} {
		if before[name] != after[name] {
			t.Errorf("%s changed", name)
		}
	}
	wantSecret(t, filepath.Join(t.TempDir(), "new"), "", anew) // nothing to replace, nothing lost
}

// The authority that clients trust is not replaced by another behind their back.
func TestALostAuthorityIsRefused(t *testing.T) {
	t.Parallel()
	_, _, dir := usedFolder(t)
	ca, key := filepath.Join(dir, trust.CAFile), filepath.Join(dir, trust.KeyFile)
	before := folderContents(t, dir)
	anew := config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: dir}
	if _, err := Start(t.Context(), anew, Options{NewCA: true}); err == nil || !strings.Contains(err.Error(), "\nhint: start without --new-ca") {
		t.Errorf("a new one over one that can be used: %v", err)
	}
	for _, file := range []string{ca, filepath.Join(dir, folder.IssuingCAFile)} {
		must.Do(t, os.Remove(file))
	}
	wantSecret(t, dir, "three", Options{})
	if after := folderContents(t, dir); after[trust.CAFile] != before[trust.CAFile] || after[folder.IssuingCAFile] != before[folder.IssuingCAFile] {
		t.Error("ca.pem and issuing-ca.pem are not written as they were")
	}
	must.Do(t, os.Remove(key))
	refused(t, dir, "the key of "+ca+" is missing")
	must.Do(t, os.Remove(ca))
	refused(t, dir, "the TLS authority is missing: neither "+ca+" nor ca-key.pem is there\nhint: put ca.pem and ca-key.pem back from a backup; to have a new authority made, which every client must be told to trust, start once with --new-ca")
	var said strings.Builder
	wantSecret(t, dir, "three", Options{NewCA: true, Log: slog.New(logs.Lines(&said, slog.LevelWarn))})
	if !strings.Contains(said.String(), "every client must be told to trust it") {
		t.Errorf("it said %q", said.String())
	}
	wantSecret(t, dir, "three", Options{})
}

// A database has one server, also where the lock file was removed.
func TestTheDatabaseIsLockedItself(t *testing.T) {
	t.Parallel()
	s := run(t)
	must.Do(t, os.Remove(filepath.Join(s.Ready.Data, folder.LockFile)))
	if _, err := folder.Hold(s.Ready.Data); err == nil || !strings.Contains(err.Error(), "certwright.db is in use by another process\nhint: ") {
		t.Errorf("held beside a server: %v", err)
	}
	refused(t, s.Ready.Data, "certwright.db is in use by another process")
	setSecret(t, s, "after")
}
