package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// boundSetting says that every row has a MAC. It has one itself.
const boundSetting = "database.bound"

const (
	bindSlice = 10 * time.Millisecond // that binding holds the writer
	bindPage  = 50                    // rows, at a time of a slice
)

// Bind has every row bear a seal from now on: what is written gets one, and
// what is read must have it. A database that has none yet, or not all of them,
// gets them first, slice by slice; it returns how many. bound is what is known
// from elsewhere: that they have them already, which nobody who only writes into
// the database can take back. Where the disk has no room for them, rows that have
// none are read as before, until the next Bind. Call it before anything else
// that counts is read.
func (s *Store) Bind(ctx context.Context, keys vault.RowKeys, bound bool) (rows int, err error) {
	if keys.Keys[keys.Primary] == nil {
		return 0, errors.New("bind the database: there is no primary key")
	}
	proving := &bond{keys: keys, strict: true, told: s.altered.note}
	s.bond.Store(proving)
	if bound {
		return 0, nil
	}
	err = s.View(ctx, func(r vault.Reader) error { _, err := r.Setting(boundSetting); return err })
	if err == nil {
		return 0, nil
	}
	if !errors.Is(err, vault.ErrNotFound) {
		return 0, fmt.Errorf("bind the database: %w\nhint: put the database back from a backup", err)
	}
	s.bond.Store(&bond{keys: keys, told: s.altered.note})
	for at := (bindPlace{}); at.table < len(walks); {
		err := s.Update(ctx, func(v vault.Tx) (err error) {
			next := at
			if err = v.(*tx).bindSome(&next); err == nil && next.table == len(walks) {
				err = v.PutSetting(boundSetting, "yes")
			}
			rows, at = rows+next.rows, next
			return err
		})
		if err != nil {
			return rows, fmt.Errorf("bind the database: %w", err)
		}
	}
	s.bond.Store(proving)
	return rows, nil
}

// Bound reports whether every row must bear its seal.
func (s *Store) Bound() bool {
	b := s.bond.Load()
	return b != nil && b.strict
}

// A bindPlace is how far binding is: in which table, and after which place there.
type bindPlace struct {
	table int
	after []any
	rows  int // bound by the last slice
}

// bindSome binds rows for the length of a slice.
func (t *tx) bindSome(at *bindPlace) error {
	at.rows = 0
	for began := (clock.Real{}).Now(); at.table < len(walks) && (clock.Real{}).Now().Sub(began) < bindSlice; {
		w := walks[at.table]
		if at.after == nil {
			at.after = w.from
		}
		page, err := w.page(t.session, at.after, bindPage)
		if err != nil {
			return fmt.Errorf("read %ss: %w", w.what, err)
		}
		for _, row := range page {
			at.after = row.place
			if len(row.mac) > 0 || w.what == isVersion && row.values[1] == nil { // bound, or of no object
				continue
			}
			if _, err := t.exec(w.what, w.write, append(row.place, t.session.macOf(w.what, nil, row.values), row.was())...); err != nil {
				return err
			}
			at.rows++
		}
		if len(page) < bindPage {
			at.table, at.after = at.table+1, nil
		}
	}
	return nil
}
