package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

// Why Open refuses a file. The errors wrap one of these and end with a hint line.
var (
	ErrNewer   = errors.New("the database was written by a newer program\nhint: start the newer certwright, or restore a backup made before it ran")
	ErrForeign = errors.New("the file is not a certwright database\nhint: name another file or folder")
)

// migrate brings the schema to the newest version, and returns the one that it
// had, 0 without any, and the one that it has. A current one is left alone, and a
// newer one that this program may use.
func migrate(ctx context.Context, db *sql.DB, s *session, d dialect) (from, to int64, err error) {
	found, err := d.inspect(ctx, s)
	if err != nil {
		return found.version, 0, err
	}
	folder, to, err := migrationsOf(d)
	if err == nil {
		err = found.usable(to)
	}
	if from = found.version; err != nil || from >= to {
		return from, from, err
	}
	p, err := goose.NewProvider(d.goose, db, folder, d.turns...)
	if err != nil {
		return from, 0, fmt.Errorf("prepare the migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return from, 0, fmt.Errorf("migrate the schema: %w", err)
	}
	return from, to, d.setVersion(ctx, s, to)
}

// migrationsOf returns a dialect's migrations, and the version that they lead to.
func migrationsOf(d dialect) (folder fs.FS, newest int64, err error) {
	folder, err = fs.Sub(migrations, "migrations/"+d.folder)
	if err != nil {
		return nil, 0, fmt.Errorf("find the migrations: %w", err)
	}
	files, err := fs.Glob(folder, "*.sql")
	if err != nil {
		return nil, 0, fmt.Errorf("find the migrations: %w", err)
	}
	slices.Sort(files)
	number, _, _ := strings.Cut(files[len(files)-1], "_")
	newest, err = strconv.ParseInt(number, 10, 64)
	return folder, newest, err
}
