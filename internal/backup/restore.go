package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"certwright/internal/clock"
	"certwright/internal/files"
	"certwright/internal/seal"
	"certwright/internal/store/sqlstore"
	"certwright/internal/trust"
)

// A Restoration says what is to be restored, and where. The caller holds the
// data folder, so that no server runs in it.
type Restoration struct {
	From     string     // the backup
	Data     string     // the data folder, which is there
	Store    string     // the URL of the PostgreSQL database, which is empty; "": it is put into the folder
	Keyset   string     // a keyset file to put there; "" for the backup's, or the one that is there
	KEKs     []seal.KEK // of the configuration; used where there is no such file
	Replace  bool       // what is in the folder is put aside
	Ignore   []string
	Progress func(doing string, part, whole float64) // may be nil
}

// Restore verifies a backup and puts its files into the data folder. Until all
// is verified, nothing there is touched.
func Restore(ctx context.Context, r Restoration) (Report, error) {
	sweep(r.Data, restorePrefix, clock.Real{}.Now()) // of one that was killed: nobody else restores here now
	if err := r.vacant(); err != nil {
		return Report{}, err
	}
	work, err := os.MkdirTemp(r.Data, restorePrefix+"*") // mode 0700, on the same disk
	if err != nil {
		return Report{}, fmt.Errorf("restore: %w", err)
	}
	defer os.RemoveAll(work)
	m, size, err := r.unpack(ctx, work)
	if err != nil {
		return Report{}, fmt.Errorf("read %s: %w", r.From, err)
	}
	keyset, err := r.keyset(work)
	if err != nil {
		return Report{}, err
	}
	keks := opener(nil, keyset)
	if keks == nil {
		keks = r.KEKs
	}
	schema, found, err := verify(ctx, filepath.Join(work, sqlstore.File), keks)
	if err != nil {
		return Report{}, err
	}
	report := Report{File: r.From, Size: size, Made: m.Made, Schema: schema, Keyset: keyset != "", Opened: found.opened, Needs: found.wraps, Closed: found.closed, Data: r.Data}
	place := func() (err error) {
		if report.Aside, err = r.makeRoom(work); err == nil {
			err = r.settle(work)
		}
		return err
	}
	if r.Store != "" {
		report.Store = sqlstore.NamePostgres(r.Store)
		err = r.fill(ctx, filepath.Join(work, sqlstore.File), place)
	} else {
		err = place()
	}
	if err != nil {
		return Report{}, fmt.Errorf("restore: %w", err)
	}
	return report, nil
}

// fill puts what a backup's database holds into the one of PostgreSQL, and the
// other files into the folder just before that is committed.
func (r Restoration) fill(ctx context.Context, database string, place func() error) error {
	older, err := sqlstore.Open(ctx, database) // which brings it up to date
	if err == nil {
		err = older.Close()
	}
	if err != nil {
		return err
	}
	return sqlstore.FillPostgres(ctx, database, r.Store, r.rows, func() error {
		if err := os.Remove(database); err != nil {
			return err
		}
		return place()
	})
}

const restorePrefix = ".restore-"

// vacant refuses a folder with other files than a keyset that waits for its database.
func (r Restoration) vacant() error {
	all, err := os.ReadDir(r.Data)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	for _, f := range all {
		if r.Replace || f.Name() == seal.File || slices.Contains(r.Ignore, f.Name()) {
			continue
		}
		return fmt.Errorf("%s is not empty: there is %s\nhint: choose another folder with --data, or put what is there aside with --replace", r.Data, f.Name())
	}
	return nil
}

func (r Restoration) unpack(ctx context.Context, work string) (m Manifest, size int64, err error) {
	f, err := os.Open(r.From)
	if err != nil {
		return m, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return m, 0, err
	}
	m, err = unpack(ctx, f, Request{Progress: r.Progress}.bytes("reading", info.Size()), func(name string, body io.Reader) error {
		return writeFile(filepath.Join(work, name), modes[name], body)
	})
	if err == nil {
		err = writeFile(filepath.Join(work, ManifestFile), 0, strings.NewReader(m.text()))
	}
	return m, info.Size(), err
}

// keyset is the file that must open the database: the one that was named, the
// backup's or the folder's; "" if there is none. One that was named is put to the others.
func (r Restoration) keyset(work string) (string, error) {
	packed, here := filepath.Join(work, seal.File), filepath.Join(r.Data, seal.File)
	if r.Keyset != "" {
		text, err := os.ReadFile(r.Keyset)
		if err != nil {
			return "", fmt.Errorf("read the keyset: %w", err)
		}
		if err := errors.Join(removed(packed), writeFile(packed, 0, strings.NewReader(string(text)))); err != nil {
			return "", fmt.Errorf("restore: %w", err)
		}
	}
	for _, path := range []string{packed, here} {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", nil
}

// modes are those of files that not only this user may read, beyond 0600.
var modes = map[string]fs.FileMode{trust.CAFile: 0o044}

func removed(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// makeRoom puts all that is in the folder into one of its own there, and returns
// that; "" if there was nothing. A keyset stays where the backup brings none.
func (r Restoration) makeRoom(work string) (aside string, err error) {
	all, err := os.ReadDir(r.Data)
	if err != nil {
		return "", err
	}
	stays := append([]string{filepath.Base(work)}, r.Ignore...)
	if _, err := os.Stat(filepath.Join(work, seal.File)); err != nil {
		stays = append(stays, seal.File)
	}
	for _, f := range all {
		if slices.Contains(stays, f.Name()) || strings.HasPrefix(f.Name(), asidePrefix) {
			continue
		}
		if aside == "" {
			aside = filepath.Join(r.Data, asidePrefix+clock.Real{}.Now().UTC().Format("20060102T150405.000Z"))
			if err := os.Mkdir(aside, 0o700); err != nil {
				return "", err
			}
		}
		if err := files.Move(filepath.Join(r.Data, f.Name()), filepath.Join(aside, f.Name())); err != nil {
			return aside, err
		}
	}
	return aside, nil
}

// asidePrefix begins the names of folders with what a restore replaced.
const asidePrefix = "replaced-"

// settle puts the files into place.
func (r Restoration) settle(work string) error {
	for _, name := range append([]string{ManifestFile}, parts...) {
		err := files.Move(filepath.Join(work, name), filepath.Join(r.Data, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Restored reads the manifest that a restore left in a data folder, once: then
// it has another name. fs.ErrNotExist: none is there.
func Restored(data string) (made time.Time, err error) {
	path := filepath.Join(data, ManifestFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return made, err
	}
	m, err := parseManifest(text)
	if err != nil {
		return made, err
	}
	return m.Made, files.Move(path, filepath.Join(data, "restored.json"))
}
