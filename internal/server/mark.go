package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"certwright/internal/backup"
	"certwright/internal/files"
	"certwright/internal/store/sqlstore"
)

// A mark is what mark.json keeps beside the database of the one that belongs in
// the folder, so that another, or an older state of it, is not taken for it.
type mark struct {
	Database   string `json:"database"`   // its id
	Generation int64  `json:"generation"` // its last one, see sqlstore.Identity
	Open       bool   `json:"open"`       // a server has it open, or ended without closing it
	Bound      bool   `json:"bound"`      // all its rows bear their seals: one that does not was altered
}

// A past is what the folder shows of its database before that is opened.
type past struct {
	mark  *mark // nil if there is none: of a new folder, or one of an older program
	used  bool  // there was a database: its keyset or its mark is there
	log   bool  // the database's log has something in it
	gone  bool  // the database is not there
	renew bool  // --new-database
}

// readPast looks at the folder, and refuses a database that is missing or cut
// to nothing where there was one.
func readPast(f *folder, renew bool) (p past, err error) {
	p = past{renew: renew}
	if p.mark, err = readMark(f.file(markFile)); err != nil {
		return p, err
	}
	p.used = p.mark != nil || sizeOf(f.file(keysetFile)) >= 0
	p.log = sizeOf(f.file(databaseFile+"-wal")) > 0
	p.gone = sizeOf(f.file(databaseFile)) <= 0
	switch {
	case !p.gone:
	case p.log:
		return p, fmt.Errorf("the database %s is missing, and its log %[2]s-wal is still there\nhint: %s; for another database, move the log away first", f.file(databaseFile), databaseFile, putBack)
	case sizeOf(f.file(backup.ManifestFile)) >= 0:
		return p, errors.New("a restore into this folder was cut short: there is no database yet\nhint: certwright restore again, with --replace")
	case p.used && !renew:
		return p, fmt.Errorf("the database %s is missing or empty, but this folder was in use\nhint: %s", f.file(databaseFile), beginAnew)
	}
	return p, nil
}

// What leads out of a refusal.
const (
	putBack   = "put the database and its log back, or restore a backup"
	beginAnew = putBack + "; to begin with an empty database and the same keyset, start once with --new-database"
	goOn      = "; to use it as it is, remove " + markFile
)

// accept refuses a database that is not the one that the folder had last. It
// sees all that was acknowledged but what a log lost that was cut short or put
// back older; docs/operate.md says so.
func (p past) accept(id sqlstore.Identity) error {
	switch {
	case p.renew && !id.Empty:
		return errors.New("there is a database\nhint: start without --new-database, or move the database away first")
	case p.renew:
		return nil
	case p.used && id.Empty:
		return errors.New("the database is empty, but this folder was in use\nhint: " + beginAnew)
	case p.mark == nil:
		return nil
	case id.ID != p.mark.Database:
		return errors.New("the database is not the one that this folder had\nhint: " + putBack + goOn)
	case id.Generation < p.mark.Generation:
		return errors.New("the database is older than the one that this folder had last\nhint: " + putBack + goOn)
	case p.mark.Open && id.Generation == p.mark.Generation && !p.log:
		return errors.New("its log " + databaseFile + "-wal is missing, with what was written last before the server was killed\nhint: " + putBack + "; if another program opened the database since, nothing is lost" + goOn)
	}
	return nil
}

// bound reports whether a database was bound to its keyset when it was here last.
func (p past) bound(id sqlstore.Identity) bool {
	return p.mark != nil && p.mark.Bound && p.mark.Database == id.ID
}

// Bound reports whether the mark of a data folder says that all rows of its
// database bear their seals.
func Bound(data string) bool {
	m, err := readMark(filepath.Join(data, markFile))
	return err == nil && m != nil && m.Bound
}

// keep writes the mark of a database that is open, or was closed.
func (f *folder) keep(id sqlstore.Identity, open, bound bool) error {
	text, err := json.Marshal(mark{id.ID, id.Generation, open, bound})
	if err != nil {
		return err
	}
	return files.Replace(f.file(markFile), append(text, '\n'), 0o600)
}

// readMark returns nil if there is none.
func readMark(path string) (*mark, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the mark of the database: %w", err)
	}
	var m mark
	if err := json.Unmarshal(text, &m); err != nil || m.Database == "" {
		return nil, fmt.Errorf("%s is damaged\nhint: put it back from a backup, or remove it if you are sure of the database", path)
	}
	return &m, nil
}

// sizeOf is -1 for a file that is not there.
func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return -1
	}
	return info.Size()
}
