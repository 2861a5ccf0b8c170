package sqlstore

import (
	"context"

	"certwright/internal/vault"
)

// Tables that Reset empties: all but settings and accounts.
var resetTables = []string{"objects", "versions", "bodies", "purged", "issuers", "contacts", "outbox"}

// Reset implements vault.Store.
func (s *Store) Reset(ctx context.Context) error {
	return s.Update(ctx, func(v vault.Tx) error {
		v.(*tx).session.note(everything)
		for _, table := range resetTables {
			if err := v.(*tx).write(table, "DELETE FROM "+table); err != nil {
				return err
			}
		}
		return nil
	})
}

// IntegrityCheck reads the whole database and returns an error that names the
// first fault. Its time grows with the database.
func (s *Store) IntegrityCheck(ctx context.Context) error {
	return s.View(ctx, func(r vault.Reader) error {
		if err := r.(*reader).usable(); err != nil {
			return err
		}
		return integrity(r.(*reader).session)
	})
}
