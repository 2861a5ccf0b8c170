package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
)

// migrateTurns lets one server at a time migrate a schema, where several may
// start at once; the others wait, and find nothing left to do. The lock is the
// connection's that migrates: a server that is killed has given it back, and what
// it had begun is undone.
type migrateTurns struct{}

const (
	takeTurn = `SELECT set_config('lock_timeout', '0', false), set_config('statement_timeout', '0', false), pg_advisory_lock(hashtextextended('certwright migrate ' || current_schema(), 0))`
	giveTurn = `SELECT pg_advisory_unlock(hashtextextended('certwright migrate ' || current_schema(), 0))`
)

// SessionLock waits for the turn.
func (migrateTurns) SessionLock(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, takeTurn); err != nil {
		return fmt.Errorf("wait for the lock on migrations: %w", err)
	}
	return nil
}

// SessionUnlock ends it. The connection ends next, and the lock with it at the latest.
func (migrateTurns) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, _ = conn.ExecContext(ctx, giveTurn)
	return nil
}
