package sqlstore

import (
	"context"
	"errors"

	"certwright/internal/vault"
)

// Events are told in an order that no transaction comes before later. Their numbers
// are not that: they are handed out before transactions commit, so that one which
// commits late has lower ones than what was told already. The numbers of
// transactions will do: they come before any number that the transaction hands
// out, and once all before one have ended there are no more of them to come. Who
// reads says which event it saw last; where that is gone it goes on after the
// transaction of the one before it.
const postgresEarly = `SELECT ` + outboxColumns + ` FROM outbox WHERE sink = $1 AND state = $2 AND xid < pg_snapshot_xmin(pg_current_snapshot())
AND (xid, seq) > (coalesce((SELECT xid FROM outbox WHERE seq <= $3 ORDER BY seq DESC LIMIT 1), '0'), $3) ORDER BY xid, seq LIMIT $4 + 0`

// The numbers of transactions begin anew where a dump was read into another
// server: what came along is then of one transaction, in the order of its numbers.
const (
	postgresForeign = `SELECT CAST(xid >= pg_snapshot_xmax(pg_current_snapshot()) AS INT) FROM outbox WHERE sink = '' AND state = 'delivered' ORDER BY xid DESC, seq DESC LIMIT 1`
	postgresAdopt   = `UPDATE outbox SET xid = pg_current_xact_id() WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())`
)

// adopt reads the clock, and makes events of another server's numbering this one's.
func (s *Store) adopt(ctx context.Context) error {
	foreign := false
	err := s.View(ctx, func(r vault.Reader) error {
		if err := r.(*reader).readClock(); err != nil {
			return err
		}
		return r.(*reader).one("the last event", postgresForeign, nil, &foreign)
	})
	if errors.Is(err, vault.ErrNotFound) || err == nil && !foreign {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Update(ctx, func(v vault.Tx) error {
		_, err := v.(*tx).exec("events", postgresAdopt)
		return err
	})
}
