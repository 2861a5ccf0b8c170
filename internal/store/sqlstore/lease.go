package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"certwright/internal/vault"
)

// A lease is held while its end lies ahead: at now == until it is over.
const (
	sqlNextDue = `SELECT due FROM objects WHERE due IS NOT NULL AND leased_until <= $1 ORDER BY due LIMIT 1`
	sqlAnyDue  = `SELECT 1 FROM objects WHERE due <= $1 AND leased_until <= $2 ORDER BY due LIMIT 1`
	sqlDueJobs = `SELECT id, vault, kind, name, job, due, attempt FROM objects
WHERE due <= $1 AND leased_until <= $2 ORDER BY due LIMIT $3 + 0`
	sqlLease  = `UPDATE objects SET held = job, token = $2, leased_until = $3, rev = rev + 1 WHERE id = $1`
	sqlExtend = `UPDATE objects SET leased_until = $5 WHERE vault = $1 AND kind = $2 AND key = $3 AND token = $4`

	sqlAnyLease = `SELECT 1 FROM objects WHERE leased_until > 0 LIMIT 1`
	sqlFreeAll  = `UPDATE objects SET held = '', token = '', leased_until = 0 WHERE leased_until > 0`
)

// NextDue implements vault.Reader.
func (r *reader) NextDue(now time.Time) (time.Time, error) {
	var due int64
	if err := r.one("next due job", sqlNextDue, []any{instant(now)}, &due); err != nil {
		return time.Time{}, err
	}
	return atInstant(due), nil
}

// Claim implements vault.Store.
func (s *Store) Claim(ctx context.Context, due, now time.Time, lease time.Duration, n int) ([]vault.Lease, error) {
	err := s.View(ctx, func(r vault.Reader) error { // a look costs no write
		var there int64
		return r.(*reader).one("due job", sqlAnyDue, []any{instant(due), instant(now)}, &there)
	})
	if errors.Is(err, vault.ErrNotFound) || err == nil && n < 1 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var leases []vault.Lease
	err = s.Update(ctx, func(v vault.Tx) (err error) {
		leases, err = v.(*tx).claim(due, now, now.Add(lease), n)
		return err
	})
	if err != nil {
		return nil, err
	}
	return leases, nil
}

func (t *tx) claim(due, now, until time.Time, n int) (leases []vault.Lease, err error) {
	var ids []int64
	var id int64
	l := vault.Lease{Until: until}
	into := []any{&id, &l.Ref.Vault, &l.Ref.Kind, &l.Ref.Name, &l.Kind, (*inNanos)(&l.Due), &l.Attempt}
	err = t.each("due jobs", sqlDueJobs, []any{instant(due), instant(now), n}, into, func() error {
		l.Token = vault.NewID()
		ids, leases = append(ids, id), append(leases, l)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, l := range leases {
		if _, err := t.exec("lease", sqlLease, ids[i], l.Token, instant(l.Until)); err != nil {
			return nil, err
		}
	}
	return leases, nil
}

// Extend implements vault.Store.
func (s *Store) Extend(ctx context.Context, l vault.Lease, until time.Time) (vault.Lease, error) {
	if l.Token == "" {
		return vault.Lease{}, vault.ErrStale
	}
	err := s.Update(ctx, func(v vault.Tx) error {
		return v.(*tx).swap("lease", sqlExtend, place(l.Ref, l.Token, instant(until))...)
	})
	if err != nil {
		return vault.Lease{}, err
	}
	l.Until = until
	return l, nil
}

// freeAll ends all leases: whoever held one is gone with the process before.
func (s *session) freeAll() error {
	var there int64
	switch err := s.one(sqlAnyLease, nil, &there); err {
	case vault.ErrNotFound:
		return nil
	case nil:
	default:
		return fmt.Errorf("look for leases: %w", err)
	}
	if _, err := s.exec(sqlFreeAll); err != nil {
		return fmt.Errorf("end leases: %w", err)
	}
	return nil
}
