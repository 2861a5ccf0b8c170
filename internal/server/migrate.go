package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"certwright/internal/config"
	"certwright/internal/files"
	"certwright/internal/folder"
	"certwright/internal/store/sqlstore"
)

// Migrate brings the database of a configuration up to date, as a start does,
// and returns the version of its schema before, 0 if it had none, and after.
// Servers that share a database may run meanwhile; one that has its own must not.
func Migrate(ctx context.Context, c config.Config) (from, to int64, err error) {
	if c.Shared() {
		store, err := sqlstore.OpenPostgres(ctx, c.Store)
		if err != nil {
			return 0, 0, err
		}
		from, to = store.Schema()
		return from, to, store.Close()
	}
	if files.Size(filepath.Join(c.Data, folder.DatabaseFile)) <= 0 {
		return 0, 0, fmt.Errorf("there is no database in %s\nhint: name the data folder of a server with data, in the configuration", c.Data)
	}
	s := &storage{config: c.WithDefaults(), log: slog.New(slog.DiscardHandler)}
	if _, err := s.openAlone(ctx); err != nil {
		return 0, 0, errors.Join(err, s.close())
	}
	from, to = s.store.Schema()
	return from, to, s.close()
}
