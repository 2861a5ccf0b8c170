package sqlstore

import (
	"errors"
	"time"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// How much is removed in one go.
const (
	purgeAtOnce = 100                   // versions, with their object
	purgeChunk  = 20                    // versions, at a time of a slice
	purgeSlice  = 10 * time.Millisecond // a slice
)

const (
	sqlObjectID      = `SELECT id FROM objects WHERE vault = $1 AND kind = $2 AND key = $3`
	sqlPurgeObject   = `DELETE FROM objects WHERE vault = $1 AND kind = $2 AND key = $3 AND rev = $4 RETURNING id`
	purged           = ` FROM versions WHERE vault = $1 AND key = $2 AND object = $3`
	sqlPurgeBodies   = `DELETE FROM bodies WHERE id IN (SELECT body` + purged + ` ORDER BY id LIMIT $4 + 0)`
	sqlPurgeVersions = `DELETE` + purged + ` AND id IN (SELECT id` + purged + ` ORDER BY id LIMIT $4 + 0)`
	sqlPurgeLater    = `INSERT INTO purged (vault, key, object) VALUES ($1, $2, $3)`
	sqlPurged        = `SELECT vault, key, object FROM purged ORDER BY object LIMIT 1`
	sqlPurgeDone     = `DELETE FROM purged WHERE object = $1`
)

// A remnant is an object that is gone, whose versions may be there still.
type remnant struct {
	vault, key string
	object     int64
}

func (g remnant) args(more ...any) []any { return append([]any{g.vault, g.key, g.object}, more...) }

// Purge implements vault.Tx. The object and its first versions go at once; what
// is left of them hangs on nothing, and the writer removes it in slices.
func (t *tx) Purge(o vault.Object) error {
	if o.Managed {
		return errManaged
	}
	gone := remnant{vault: o.Vault, key: o.Key()}
	if err := t.one("object", sqlPurgeObject, place(o.Ref, o.Rev), &gone.object); err != nil {
		if errors.Is(err, vault.ErrNotFound) {
			return vault.ErrStale
		}
		return err
	}
	t.changed()
	t.touched(o.Ref)
	done, err := t.session.purgeVersions(gone, purgeAtOnce)
	if err != nil || done {
		return err
	}
	t.session.left = true
	return t.write("purge", sqlPurgeLater, gone.args()...)
}

// purgeVersions removes up to n versions of an object and tells whether that was all.
func (s *session) purgeVersions(gone remnant, n int64) (done bool, err error) {
	if _, err := s.exec(sqlPurgeBodies, gone.args(n)...); err != nil {
		return false, err
	}
	removed, err := s.exec(sqlPurgeVersions, gone.args(n)...)
	return removed < n, err
}

// purgeSome removes a slice of what a purged object left.
func (s *session) purgeSome(gone remnant) error {
	for began := (clock.Real{}).Now(); (clock.Real{}).Now().Sub(began) < purgeSlice; {
		if done, err := s.purgeVersions(gone, purgeChunk); err != nil {
			return err
		} else if done {
			_, err = s.exec(sqlPurgeDone, gone.object)
			return err
		}
	}
	return nil
}

// When the writer removes what purged objects left: when nobody waits, and
// before long in any case.
const (
	sweepWait  = 100 * time.Millisecond
	sweepPause = 5 * time.Millisecond // between two slices, for others to come in
)

// sweep removes a slice in a transaction of its own. After an error it is left
// until something was written again.
func (w *writer) sweep() {
	w.swept = clock.Real{}.Now()
	defer w.longest.note(w.swept)
	var gone remnant
	err := w.session.one(sqlPurged, nil, &gone.vault, &gone.key, &gone.object)
	if err == nil {
		err = w.begin(false)
	}
	if err == nil {
		err = w.session.purgeSome(gone)
	}
	if err == nil {
		_, err = w.session.exec("COMMIT")
	}
	switch {
	case errors.Is(err, vault.ErrNotFound):
		w.chore = false
	case err != nil:
		w.session.rollback()
		w.chore, w.session.left = false, true
	}
}

// more is ready when another slice should be removed.
func (w *writer) more() <-chan time.Time {
	if !w.chore {
		return nil
	}
	return time.After(sweepPause)
}
