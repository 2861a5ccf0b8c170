package sqlstore

import (
	"context"
	"fmt"
	"time"

	"certwright/internal/vault"
)

// A lease is held while its end lies ahead: at now == until it is over.
const (
	sqlDueJobs = `SELECT vault, kind, key, job, name, due, attempt FROM jobs
WHERE due <= $1 AND leased_until <= $2 ORDER BY due LIMIT $3 + 0`
	sqlFreeJob = `SELECT name, due, attempt FROM jobs
WHERE vault = $1 AND kind = $2 AND key = $3 AND job = $4 AND leased_until <= $5`
	sqlLease = `UPDATE jobs SET token = $5, leased_until = $6
WHERE vault = $1 AND kind = $2 AND key = $3 AND job = $4`
	sqlExtend = `UPDATE jobs SET leased_until = $6
WHERE vault = $1 AND kind = $2 AND key = $3 AND job = $4 AND token = $5`
	sqlAnyDue   = `SELECT 1 FROM jobs WHERE due <= $1 AND leased_until <= $2 ORDER BY due LIMIT 1`
	sqlAnyLease = `SELECT 1 FROM jobs WHERE leased_until > 0 LIMIT 1`
	sqlFreeAll  = `UPDATE jobs SET token = '', leased_until = 0 WHERE leased_until > 0`
)

// Claim implements vault.Store.
func (s *Store) Claim(ctx context.Context, due, now time.Time, lease time.Duration, n int) ([]vault.Lease, error) {
	idle := true // a look costs no write
	err := s.View(ctx, func(r vault.Reader) error {
		var there int64
		err := r.(*reader).one("due job", sqlAnyDue, []any{instant(due), instant(now)}, &there)
		if err == nil {
			idle = false
		} else if err == vault.ErrNotFound {
			err = nil
		}
		return err
	})
	if err != nil || idle || n < 1 {
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

func (t *tx) claim(due, now, until time.Time, n int) ([]vault.Lease, error) {
	var leases []vault.Lease
	err := t.each("due jobs", sqlDueJobs, []any{instant(due), instant(now), n}, func(scan func(...any) error) error {
		l := vault.Lease{Token: vault.NewID(), Until: until}
		var key string
		var at int64
		err := scan(&l.Ref.Vault, &l.Ref.Kind, &key, &l.Kind, &l.Ref.Name, &at, &l.Attempt)
		l.Due = atNanos(&at)
		leases = append(leases, l)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, l := range leases {
		if err := t.lease(l); err != nil {
			return nil, err
		}
	}
	return leases, nil
}

func (t *tx) lease(l vault.Lease) error {
	_, err := t.exec("lease", sqlLease, place(l.Ref, string(l.Kind), l.Token, instant(l.Until))...)
	return err
}

// Take implements vault.Store.
func (s *Store) Take(ctx context.Context, kind vault.JobKind, ref vault.Ref, now time.Time, lease time.Duration) (vault.Lease, error) {
	var l vault.Lease
	err := s.Update(ctx, func(v vault.Tx) error {
		t := v.(*tx)
		l = vault.Lease{Job: vault.Job{Kind: kind, Ref: ref}, Token: vault.NewID(), Until: now.Add(lease)}
		var due int64
		err := t.one("job", sqlFreeJob, place(ref, string(kind), instant(now)), &l.Ref.Name, &due, &l.Attempt)
		if err != nil {
			return err
		}
		l.Due = atNanos(&due)
		return t.lease(l)
	})
	if err != nil {
		return vault.Lease{}, err
	}
	return l, nil
}

// Extend implements vault.Store.
func (s *Store) Extend(ctx context.Context, l vault.Lease, until time.Time) (vault.Lease, error) {
	if l.Token == "" {
		return vault.Lease{}, vault.ErrStale
	}
	err := s.Update(ctx, func(v vault.Tx) error {
		return v.(*tx).swap("lease", sqlExtend, place(l.Ref, string(l.Kind), l.Token, instant(until))...)
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
