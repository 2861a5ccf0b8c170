package backup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"certwright/internal/clock"
	"certwright/internal/files"
	"certwright/internal/seal"
	"certwright/internal/store/sqlstore"
	"certwright/internal/trust"
)

// A Request says which backup is wanted.
type Request struct {
	Data       string                                  // the data folder
	Store      string                                  // the URL of the PostgreSQL database; "" where it lies in the folder
	To         string                                  // the file to make, or a folder, in which it gets a name with the time
	WithKeyset bool                                    // with the file that opens all seals
	KEKs       []seal.KEK                              // of the configuration; none: the file keyset.json in the folder
	Program    string                                  // the version of this program
	Progress   func(doing string, part, whole float64) // may be nil
}

// A Report says what a backup is, or what came of restoring it.
type Report struct {
	File    string    `json:"file"` // absolute
	Size    int64     `json:"size"`
	Made    time.Time `json:"made"`
	Schema  int64     `json:"schema"`
	Keyset  bool      `json:"keyset"`            // it is in the backup
	Opened  bool      `json:"seals_opened"`      // the keyset beside it, or that of the configuration, opens what is sealed
	Needs   []string  `json:"needs,omitempty"`   // the key-encryption keys, by their ids, of which one is needed to open it
	Closed  string    `json:"closed,omitempty"`  // why that of the configuration could not be asked
	Missing []string  `json:"missing,omitempty"` // files of the TLS authority that were not there
	Data    string    `json:"data,omitempty"`    // of a restore: the data folder
	Store   string    `json:"store,omitempty"`   // and the PostgreSQL database, without a password
	Aside   string    `json:"aside,omitempty"`   // and where what lay there before was put
}

// Take makes a backup and verifies it. A server may run in the data folder: it
// is not asked, and not held up. The file is there whole or not at all.
func Take(ctx context.Context, r Request) (Report, error) {
	if _, err := os.Stat(r.in(sqlstore.File)); errors.Is(err, fs.ErrPermission) && r.Store == "" {
		return Report{}, fmt.Errorf("look for the database: %w", err)
	} else if err != nil && r.Store == "" {
		return Report{}, fmt.Errorf("%s is not there\nhint: name the data folder of a server with --data, or with --config the configuration that says which database it has", r.in(sqlstore.File))
	}
	if _, err := os.Stat(r.keyset()); r.WithKeyset && err != nil {
		return Report{}, fmt.Errorf("there is no keyset file to put into the backup: %s is not there\nhint: leave --with-keyset out where a server or a program holds the key, or name the configuration with --config", cmp.Or(r.keyset(), r.in(seal.File)))
	}
	made := clock.Real{}.Now().UTC()
	to, err := r.file(made)
	if err != nil {
		return Report{}, err
	}
	sweep(filepath.Dir(to), workPrefix, made.Add(-leftOver))
	work, err := os.MkdirTemp(filepath.Dir(to), workPrefix+"*") // mode 0700
	if err != nil {
		return Report{}, fmt.Errorf("make the backup: %w\nhint: name a file in a folder that there is and that you may write to", err)
	}
	defer os.RemoveAll(work)
	report, err := r.take(ctx, made, to, work)
	if err != nil {
		return Report{}, err
	}
	return report, nil
}

// A folder of one that was killed is removed by the next, once no backup can
// still be at it.
const (
	workPrefix = ".certwright-backup-"
	leftOver   = 24 * time.Hour
)

func (r Request) take(ctx context.Context, made time.Time, to, work string) (Report, error) {
	paths := map[string]string{sqlstore.File: filepath.Join(work, sqlstore.File)}
	if r.WithKeyset {
		paths[seal.File] = r.keyset()
	}
	missing := r.authority(paths)
	if err := r.copy(ctx, paths[sqlstore.File]); err != nil {
		return Report{}, err
	}
	schema, found, err := verify(ctx, paths[sqlstore.File], opener(r.KEKs, r.in(seal.File)))
	if err != nil {
		return Report{}, err
	}
	report := Report{File: to, Made: made, Schema: schema, Keyset: r.WithKeyset, Opened: found.opened, Needs: found.wraps, Closed: found.closed, Missing: missing}
	packed := filepath.Join(work, filepath.Base(to))
	if report.Size, err = r.pack(ctx, packed, Manifest{Format: format, Made: made, Program: r.Program, Schema: schema, Needs: found.wraps}, paths); err != nil {
		return Report{}, fmt.Errorf("write the backup: %w", err)
	}
	if err := r.readBack(ctx, packed, report.Size); err != nil {
		return Report{}, fmt.Errorf("read the backup back: %w", err)
	}
	if err := linkNew(packed, to); err != nil {
		return Report{}, fmt.Errorf("write the backup: %w", err)
	}
	return report, nil
}

// copy makes a SQLite file of the database, whichever that is.
func (r Request) copy(ctx context.Context, to string) error {
	if r.Store != "" {
		return sqlstore.CopyPostgres(ctx, r.Store, to, r.pages)
	}
	return sqlstore.Copy(ctx, r.in(sqlstore.File), to, r.pages)
}

// authority adds the files of the TLS authority, and returns those that are not there.
func (r Request) authority(paths map[string]string) (missing []string) {
	for _, name := range []string{trust.CAFile, trust.KeyFile} {
		if _, err := os.Stat(r.in(name)); err != nil {
			missing = append(missing, name)
			continue
		}
		paths[name] = r.in(name)
	}
	return missing
}

// linkNew gives a file its name, unless another has that by now.
func linkNew(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("%s: %w", to, fs.ErrExist)
	}
	return files.Move(from, to)
}

// keyset is the path of the keyset file; "" if the configuration names none.
func (r Request) keyset() string {
	for _, kek := range r.KEKs {
		if file, ok := kek.(*seal.FileKEK); ok {
			return file.Path()
		}
	}
	if len(r.KEKs) > 0 {
		return ""
	}
	return r.in(seal.File)
}

func (r Request) in(name string) string { return filepath.Join(r.Data, name) }

// file is where the backup goes. It must not be there yet.
func (r Request) file(made time.Time) (string, error) {
	to, err := filepath.Abs(r.To)
	if err != nil {
		return "", fmt.Errorf("make the backup: %w", err)
	}
	if info, err := os.Stat(to); err == nil && info.IsDir() {
		to = filepath.Join(to, made.Format("certwright-20060102T150405Z.tar"))
	}
	if _, err := os.Lstat(to); err == nil {
		return "", fmt.Errorf("%s is there already\nhint: name another file, or a folder, in which each backup gets a name of its own", to)
	}
	return to, nil
}

func (r Request) pack(ctx context.Context, to string, m Manifest, paths map[string]string) (int64, error) {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	err = pack(ctx, &steady{to: f}, m, paths, r.bytes("writing", sizeOf(paths)))
	if err == nil {
		err = f.Sync()
	}
	size, _ := f.Seek(0, io.SeekCurrent)
	return size, errors.Join(err, f.Close())
}

func sizeOf(paths map[string]string) (sum int64) {
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			sum += info.Size()
		}
	}
	return sum
}
