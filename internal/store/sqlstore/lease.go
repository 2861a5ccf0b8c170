package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"certwright/internal/store/record"
	"certwright/internal/vault"
)

// A lease is held while its end lies ahead: at now == until it is over.
const (
	sqlNextDue = `SELECT due FROM objects WHERE due IS NOT NULL AND leased_until <= $1 ORDER BY due LIMIT 1`
	sqlAnyDue  = `SELECT 1 FROM objects WHERE due <= $1 AND leased_until <= $2 ORDER BY due LIMIT 1`
	sqlDueJobs = `SELECT o.id, ` + objectColumns + ` FROM objects o
WHERE o.due <= $1 AND o.leased_until <= $2 ORDER BY o.due LIMIT $3 + 0`
	sqlLease  = `UPDATE objects SET held = job, token = $2, leased_until = $3, rev = rev + 1, mac = $4 WHERE id = $1`
	sqlPark   = `UPDATE objects SET held = '', token = '', leased_until = $2 WHERE id = $1`
	sqlExtend = `UPDATE objects SET leased_until = $5 WHERE vault = $1 AND kind = $2 AND key = $3 AND token = $4`

	sqlAnyLease = `SELECT 1 FROM objects WHERE leased_until > 0 LIMIT 1`
	sqlFreeAll  = `UPDATE objects SET held = '', token = '', leased_until = 0 WHERE leased_until > 0`
)

// NextDue implements vault.Reader.
func (r *reader) NextDue(now time.Time) (time.Time, error) {
	var due int64
	if err := r.one("next due job", sqlNextDue, []any{r.session.shared(now)}, &due); err != nil {
		return time.Time{}, err
	}
	return record.AtInstant(due), nil
}

// Claim implements vault.Store.
func (s *Store) Claim(ctx context.Context, due, now time.Time, lease time.Duration, n int) ([]vault.Lease, error) {
	err := s.noted(s.each(ctx, func(r *reader) error { // a look costs no write
		var there int64
		if err := r.readClock(); err != nil {
			return err
		}
		return r.one("due job", sqlAnyDue, []any{record.Instant(due), r.session.shared(now)}, &there)
	}), true)
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

// parked is how long a row that is not proved is left alone, so that it does not
// keep those from their turn that are.
const parked = time.Hour

func (t *tx) claim(due, now, until time.Time, n int) (leases []vault.Lease, err error) {
	var id int64
	var row objectRow
	var writes [][]any // of leases, and of what is parked
	err = t.each("due jobs", sqlDueJobs, []any{record.Instant(due), t.session.shared(now), n}, append([]any{&id}, row.into()...), func() error {
		columns := t.session.row[1:]
		if !row.proved(t.session, columns) {
			_ = t.session.refused(isObject, row.place())
			writes = append(writes, []any{id, t.session.shared(now.Add(parked))})
			return nil
		}
		l := vault.Lease{Token: vault.NewID(), Until: until, Rev: row.Rev + 1}
		l.Ref, l.Kind, l.Due, l.Attempt = row.Ref, row.job, record.AtInstant(row.due), row.Attempt
		leases = append(leases, l)
		columns[objectRev] = row.Rev + 1
		writes = append(writes, []any{id, l.Token, t.session.shared(until), t.session.macOf(isObject, nil, columns[:objectSealed])})
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, args := range writes {
		text := sqlLease
		if len(args) == 2 {
			text = sqlPark
		}
		if err := t.write("lease", text, args...); err != nil {
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
		t := v.(*tx)
		return t.swap("lease", sqlExtend, place(l.Ref, l.Token, t.session.shared(until))...)
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
