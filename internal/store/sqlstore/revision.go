package sqlstore

import (
	"context"
	"errors"

	"certwright/internal/vault"
)

const (
	sqlRevision    = `SELECT rev FROM objects WHERE vault = $1 AND key = $3 AND kind IN ($2, 'certificates')`
	sqlOwnRevision = `SELECT rev FROM objects WHERE vault = $1 AND key = $3 AND kind = $2`

	sqlAccountRevision = `SELECT rev FROM accounts WHERE id = $1`
)

// Revision returns the revision that an object has now, as it may be asked for; 0
// if there is none. It is one statement.
func (s *Store) Revision(ctx context.Context, ref vault.Ref) (int64, error) {
	text := sqlOwnRevision
	if ofCertificates(ref.Kind) {
		text = sqlRevision
	}
	return s.revisionBy(ctx, text, place(ref)...)
}

// AccountRevision returns the revision that an account has now; 0 if there is none.
// It is one statement.
func (s *Store) AccountRevision(ctx context.Context, id string) (int64, error) {
	return s.revisionBy(ctx, sqlAccountRevision, id)
}

func (s *Store) revisionBy(ctx context.Context, text string, args ...any) (rev int64, err error) {
	err = s.each(ctx, func(r *reader) error { return r.one("revision", text, args, &rev) })
	if errors.Is(err, vault.ErrNotFound) {
		return 0, nil
	}
	return rev, s.noted(err, true)
}

// Shared reports whether other servers write to the same database.
func (s *Store) Shared() bool { return !s.dialect.alone }
