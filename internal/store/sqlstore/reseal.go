package sqlstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// Prove has rows proved under other keys from now on: those of data keys that
// changed. Rows whose key is not among them are refused, so Reseal comes first.
func (s *Store) Prove(keys vault.RowKeys) {
	for {
		now := s.bond.Load()
		if now == nil {
			return // Bind will be told
		}
		if s.bond.CompareAndSwap(now, &bond{keys: keys, strict: now.strict, told: now.told}) {
			return
		}
	}
}

// A Resealing says under which key all is to be sealed.
type Resealing struct {
	Primary uint32 // the data key's number, and that of the rows' own key
	// KeyOf returns the number of the key that a value was sealed under; it is
	// not ok of what was not sealed by a data key.
	KeyOf func(vault.Sealed) (number uint32, ok bool)
	// Reseal seals a value anew; an error says that it does not open.
	Reseal func(sealed vault.Sealed, binding string) (vault.Sealed, error)
	Damage func(what, part string)                    // told of a value that does not open, which stays as it is; may be nil
	Rest   func(ctx context.Context, d time.Duration) // between two transactions; nil rests for the time
}

// A Pass is what one way through the database came to.
type Pass struct {
	Began  time.Time      `json:"began"` // real time, by the clock that servers share
	Ended  time.Time      `json:"ended,omitzero"`
	Moved  int            `json:"moved"`  // values and rows that were not under the primary key
	Values map[uint32]int `json:"values"` // sealed values by the number of their key, as the pass left them
}

const (
	resealSlice = 20 * time.Millisecond // that one transaction seals for
	resealPage  = 100                   // rows, of one transaction
)

// resealedSetting is where a pass keeps how far it is, or what the last one came to.
const resealedSetting = "seal.resealed"

// A resealPlace is how far a pass is, as it is stored.
type resealPlace struct {
	Primary uint32          `json:"primary"`
	Table   int             `json:"table"`
	Place   json.RawMessage `json:"after,omitempty"`
	Pass
}

// Reseal goes through all rows once and seals anew what is not under the primary
// key, values and the rows' own seals alike: at most resealPage rows in a
// transaction, and no writer is held longer than resealSlice for it. One that was
// interrupted goes on where it was. Where nothing moved, nothing is under another
// key any more but what was written meanwhile by who sealed it before the key changed.
func (s *Store) Reseal(ctx context.Context, with Resealing) (Pass, error) {
	at, err := s.resealFrom(ctx, with.Primary)
	if err != nil {
		return Pass{}, err
	}
	for at.table < len(walks) {
		if at, err = s.resealStep(ctx, with, at); err != nil {
			return at.Pass, fmt.Errorf("seal anew: %w", err)
		}
	}
	at.Ended = s.now().UTC()
	return at.Pass, s.Update(ctx, func(tx vault.Tx) error { return at.keep(tx, with.Primary) })
}

// LastPass returns what the last pass that came to its end, or the one under
// way, came to; vault.ErrNotFound if there was none.
func (s *Store) LastPass(ctx context.Context) (p Pass, err error) {
	err = s.View(ctx, func(r vault.Reader) error {
		text, err := r.Setting(resealedSetting)
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(text), &p)
	})
	return p, err
}

// resealing is how far a pass is.
type resealing struct {
	table int
	after []any
	Pass
}

func (s *Store) resealFrom(ctx context.Context, primary uint32) (resealing, error) {
	fresh := resealing{Pass: Pass{Began: s.now().UTC(), Values: map[uint32]int{}}}
	var text string
	err := s.View(ctx, func(r vault.Reader) (err error) { text, err = r.Setting(resealedSetting); return err })
	if errors.Is(err, vault.ErrNotFound) {
		return fresh, nil
	}
	if err != nil {
		return fresh, err
	}
	var kept resealPlace
	if json.Unmarshal([]byte(text), &kept) != nil || kept.Primary != primary || !kept.Ended.IsZero() || kept.Values == nil {
		return fresh, nil
	}
	after, err := placeOf(kept.Place)
	if err != nil || kept.Table >= len(walks) || len(after) > 0 && len(after) != len(walks[kept.Table].from) {
		return fresh, nil
	}
	return resealing{kept.Table, after, kept.Pass}, nil
}

// keep writes how far a pass is.
func (r resealing) keep(tx vault.Tx, primary uint32) error {
	place, err := json.Marshal(r.after)
	if err != nil {
		return err
	}
	text, err := json.Marshal(resealPlace{Primary: primary, Table: r.table, Place: place, Pass: r.Pass})
	if err != nil {
		return err
	}
	return tx.PutSetting(resealedSetting, string(text))
}

// placeOf reads a place; numbers are whole.
func placeOf(text json.RawMessage) (place []any, err error) {
	if len(text) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&place); err != nil {
		return nil, err
	}
	for i, v := range place {
		if n, is := v.(json.Number); is {
			if place[i], err = n.Int64(); err != nil {
				return nil, err
			}
		}
	}
	return place, nil
}

// resealStep looks at one page, and seals anew what must be in a transaction of
// its own that reads it again.
func (s *Store) resealStep(ctx context.Context, with Resealing, at resealing) (resealing, error) {
	began := clock.Real{}.Now()
	var next resealing
	var idle bool
	err := s.View(ctx, func(r vault.Reader) (err error) {
		next, idle, err = r.(*reader).resealed(with, at)
		return err
	})
	if err == nil && !idle {
		err = s.Update(ctx, func(v vault.Tx) (err error) {
			if next, err = v.(*tx).resealSome(with, at); err != nil {
				return err
			}
			return next.keep(v, with.Primary)
		})
	}
	if err != nil {
		return at, err
	}
	rest := with.Rest
	if rest == nil {
		rest = pause
	}
	rest(ctx, clock.Real{}.Now().Sub(began))
	return next, ctx.Err()
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
