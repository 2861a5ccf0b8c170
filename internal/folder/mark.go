package folder

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

// A Mark is what mark.json keeps beside the database of the one that belongs in
// the folder, so that another, or an older state of it, is not taken for it.
type Mark struct {
	Database   string `json:"database"`   // its id
	Generation int64  `json:"generation"` // its last one, see sqlstore.Identity
	Open       bool   `json:"open"`       // a server has it open, or ended without closing it
	Bound      bool   `json:"bound"`      // all its rows bear their seals: one that does not was altered
}

// A Past is what the folder shows of its database before that is opened.
type Past struct {
	mark *Mark // nil if there is none: of a new folder, or one of an older program
	Used bool  // there was a database: its keyset or its mark is there
	log  bool  // the database's log has something in it
	Gone bool  // the database is not there
	Anew bool  // --new-database
}

// ReadPast looks at the folder, and refuses a database that is missing or cut
// to nothing where there was one.
func ReadPast(f *Folder, renew bool) (p Past, err error) {
	p = Past{Anew: renew}
	if p.mark, err = ReadMark(f.File(MarkFile)); err != nil {
		return p, err
	}
	p.Used = p.mark != nil || files.Size(f.File(KeysetFile)) >= 0
	p.log = files.Size(f.File(DatabaseFile+"-wal")) > 0
	p.Gone = files.Size(f.File(DatabaseFile)) <= 0
	switch {
	case !p.Gone:
	case p.log:
		return p, fmt.Errorf("the database %s is missing, and its log %[2]s-wal is still there\nhint: %s; for another database, move the log away first", f.File(DatabaseFile), DatabaseFile, putBack)
	case files.Size(f.File(backup.ManifestFile)) >= 0:
		return p, errors.New("a restore into this folder was cut short: there is no database yet\nhint: certwright restore again, with --replace")
	case p.Used && !renew:
		return p, fmt.Errorf("the database %s is missing or empty, but this folder was in use\nhint: %s", f.File(DatabaseFile), beginAnew)
	}
	return p, nil
}

// What leads out of a refusal.
const (
	putBack   = "put the database and its log back, or restore a backup"
	beginAnew = putBack + "; to begin with an empty database and the same keyset, start once with --new-database"
	goOn      = "; to use it as it is, remove " + MarkFile
)

// Accept refuses a database that is not the one that the folder had last. It
// sees all that was acknowledged but what a log lost that was cut short or put
// back older; docs/operate.md says so.
func (p Past) Accept(id sqlstore.Identity) error {
	switch {
	case p.Anew && !id.Empty:
		return errors.New("there is a database\nhint: start without --new-database, or move the database away first")
	case p.Anew:
		return nil
	case p.Used && id.Empty:
		return errors.New("the database is empty, but this folder was in use\nhint: " + beginAnew)
	case p.mark == nil:
		return nil
	case id.ID != p.mark.Database:
		return errors.New("the database is not the one that this folder had\nhint: " + putBack + goOn)
	case id.Generation < p.mark.Generation:
		return errors.New("the database is older than the one that this folder had last\nhint: " + putBack + goOn)
	case p.mark.Open && id.Generation == p.mark.Generation && !p.log:
		return errors.New("its log " + DatabaseFile + "-wal is missing, with what was written last before the server was killed\nhint: " + putBack + "; if another program opened the database since, nothing is lost" + goOn)
	}
	return nil
}

// Bound reports whether a database was bound to its keyset when it was here last.
func (p Past) Bound(id sqlstore.Identity) bool {
	return p.mark != nil && p.mark.Bound && p.mark.Database == id.ID
}

// Bound reports whether the mark of a data folder says that all rows of its
// database bear their seals.
func Bound(data string) bool {
	m, err := ReadMark(filepath.Join(data, MarkFile))
	return err == nil && m != nil && m.Bound
}

// Keep writes the mark of a database that is open, or was closed.
func (f *Folder) Keep(id sqlstore.Identity, open, bound bool) error {
	text, err := json.Marshal(Mark{id.ID, id.Generation, open, bound})
	if err != nil {
		return err
	}
	return files.Replace(f.File(MarkFile), append(text, '\n'), 0o600)
}

// ReadMark returns nil if there is none.
func ReadMark(path string) (*Mark, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the mark of the database: %w", err)
	}
	var m Mark
	if err := json.Unmarshal(text, &m); err != nil || m.Database == "" {
		return nil, fmt.Errorf("%s is damaged\nhint: put it back from a backup, or remove it if you are sure of the database", path)
	}
	return &m, nil
}
