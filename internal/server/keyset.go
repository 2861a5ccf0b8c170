package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"certwright/internal/account"
	"certwright/internal/admin"
	"certwright/internal/audit"
	"certwright/internal/config"
	"certwright/internal/files"
	"certwright/internal/folder"
	"certwright/internal/seal"
)

// Keys are the keys of a data folder in which no server runs, held until Close.
type Keys struct {
	storage *storage
	keeper  *keeper
}

// OpenKeys opens the database of a data folder and its keys, as a server does,
// and nothing else there. It refuses where a server runs.
func OpenKeys(ctx context.Context, c config.Config, log *slog.Logger) (*Keys, error) {
	if !c.Shared() && files.Size(filepath.Join(c.Data, folder.DatabaseFile)) <= 0 {
		return nil, fmt.Errorf("there is no database in %s\nhint: name the data folder of a server with --data, or in the configuration", c.Data)
	}
	s := &storage{config: c.WithDefaults(), log: log}
	if err := s.openForKeys(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	k := s.newKeeper()
	if k.count = 0; !c.Shared() {
		k.grace = 0 // nobody else is sealing anything
	}
	return &Keys{s, k}, nil
}

func (s *storage) openForKeys(ctx context.Context) error {
	past, err := s.openAlone(ctx)
	if err != nil {
		return err
	}
	return s.unseal(ctx, past)
}

// Close gives the data folder back.
func (k *Keys) Close() error { return k.storage.close() }

// Status implements admin.Keyset.
func (k *Keys) Status(ctx context.Context) (admin.KeysetStatus, error) { return k.keeper.Status(ctx) }

// Rewrap implements admin.Keyset.
func (k *Keys) Rewrap(ctx context.Context) error { return k.keeper.Rewrap(ctx) }

// Check implements admin.Keyset.
func (k *Keys) Check(ctx context.Context) ([]admin.KEKCheck, error) { return k.keeper.Check(ctx) }

// Rotate changes the data key and returns when all is sealed under the new one.
// One that was cut short goes on.
func (k *Keys) Rotate(ctx context.Context) error {
	if state, _ := k.keeper.keys.State(); state == seal.Rests {
		if err := k.keeper.Rotate(ctx); err != nil {
			return err
		}
	}
	for ctx.Err() == nil {
		if state, _ := k.keeper.keys.State(); state == seal.Rests {
			return nil
		}
		again, err := k.keeper.step(ctx)
		if err != nil {
			return err
		}
		if state, _ := k.keeper.keys.State(); state == seal.Rests {
			return nil
		}
		select { // other servers have to follow
		case <-ctx.Done():
		case <-time.After(again):
		}
	}
	return ctx.Err()
}

var _, _ admin.Keyset = (*Keys)(nil), (*keeper)(nil)

// Audit is what the database knows of the server's audit log.
func (k *Keys) Audit(ctx context.Context, s audit.Settings) (audit.Known, error) {
	s, err := k.storage.auditSettings(s)
	if err != nil {
		return audit.Known{}, err
	}
	return audit.ReadKnown(ctx, account.Book{Store: k.storage.store, Sealer: k.storage.seal}, s)
}
