package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"certwright/internal/store/pgdriver"
	"certwright/internal/vault"
)

// A session is one connection with its prepared statements. One goroutine uses
// it at a time, for one statement after another.
//
// Statements go straight to the driver: database/sql's own way costs as much
// again as a small statement takes. They run without the caller's context: with
// one that can end, the driver starts a goroutine per statement, and every
// statement here is short. The context is looked at in between.
type session struct {
	conn  *sql.Conn
	of    *dialect
	skew  *atomic.Int64        // the store's: nanoseconds by which the database's clock is ahead
	stmts map[string]statement // by SQL text
	args  []driver.NamedValue  // room for those of a statement
	row   []driver.Value       // and for what it reads
	fault error                // of the engine, since the writer last gave the turn
	dead  bool                 // its connection is lost
	proof string               // names its transaction, where that is proved (proof.go)
	queue queue                // of statements that wait for the next one (queue.go)
	wrote bool                 // something since its transaction began
	left  bool                 // a purge left versions behind, since the writer last looked

	unread  bool                     // nothing was read since it was taken
	renewal func() (*session, error) // makes another one in its place; nil for the writer's

	changes []string // what the transaction in hand changes (changes.go)

	bond   *atomic.Pointer[bond] // the store's; nil for a session that proves no rows
	prover *prover
}

// A statement is what a driver prepares.
type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// newSession takes a connection out of db and runs setup on it.
func newSession(ctx context.Context, db *sql.DB, d *dialect, setup ...[]string) (*session, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	s := &session{conn: conn, of: d, skew: new(atomic.Int64), stmts: map[string]statement{}}
	for _, text := range slices.Concat(setup...) {
		if _, err := conn.ExecContext(ctx, text); err != nil {
			conn.Close()
			return nil, fmt.Errorf("%s: %w", text, err)
		}
	}
	return s, nil
}

// close ends the statements and gives the connection back.
func (s *session) close() error {
	err := s.conn.Raw(func(any) (err error) {
		for _, stmt := range s.stmts {
			err = errors.Join(err, stmt.Close())
		}
		return err
	})
	return errors.Join(err, s.conn.Close())
}

// run runs fn with the statement of a text, prepared at its first use, and its
// arguments. The connection is fn's alone: fn must not use the session.
func (s *session) run(text string, args []any, fn func(conn any, call pgdriver.Call) error) error {
	return s.conn.Raw(func(conn any) error {
		stmt, err := s.prepared(conn, text)
		if err != nil {
			return err
		}
		s.args, err = converted(s.args[:0], text, args)
		if err != nil {
			return err
		}
		return fn(conn, pgdriver.Call{Stmt: stmt, Args: s.args})
	})
}

// converted adds arguments as a driver takes them.
func converted(to []driver.NamedValue, text string, args []any) ([]driver.NamedValue, error) {
	for i, arg := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return to, fmt.Errorf("parameter %d of %q: %w", i+1, text, err)
		}
		if b, is := v.(bool); is { // PostgreSQL takes none for a number
			v = number(b)
		}
		to = append(to, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return to, nil
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// failed notes an error of the engine.
func (s *session) failed(err error) error {
	if s.of.fault(err) == isLost {
		err, s.dead = &lostError{err}, true
	}
	s.fault = err
	return err
}

// A lostError says that there is no connection.
type lostError struct{ cause error }

// Error is the cause's.
func (e *lostError) Error() string { return e.cause.Error() }

// Unwrap returns the cause.
func (e *lostError) Unwrap() error { return e.cause }

func (s *session) prepared(conn any, text string) (statement, error) {
	if stmt, ok := s.stmts[text]; ok {
		return stmt, nil
	}
	asked := cmp.Or(s.of.instead[text], text)
	stmt, err := conn.(driver.ConnPrepareContext).PrepareContext(context.Background(), asked)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", asked, s.failed(err))
	}
	s.stmts[text] = stmt.(statement)
	return s.stmts[text], nil
}

// exec runs a statement and returns how many rows it changed.
func (s *session) exec(text string, args ...any) (changed int64, err error) {
	err = s.run(text, args, func(conn any, call pgdriver.Call) error {
		if len(s.queue.calls) > 0 {
			changed, err = s.after(conn, call)
			return err
		}
		res, err := call.Stmt.(statement).ExecContext(context.Background(), call.Args)
		if err != nil {
			return s.failed(err)
		}
		changed, err = res.RowsAffected()
		return err
	})
	return changed, err
}

// one reads the row that a query finds; vault.ErrNotFound if there is none.
func (s *session) one(text string, args []any, into ...any) error {
	err := s.each(text, args, into, func() error { return errFound })
	switch err {
	case errFound:
		return nil
	case nil:
		return vault.ErrNotFound
	}
	return err
}

var errFound = errors.New("found")

// each reads the rows of a query, each into the same place, and calls row for it
// until that returns an error.
func (s *session) each(text string, args, into []any, row func() error) error {
	err := s.read(text, args, into, row)
	if err != nil && s.revived() {
		err = s.read(text, args, into, row)
	}
	return err
}

func (s *session) read(text string, args, into []any, row func() error) error {
	return s.run(text, args, func(conn any, call pgdriver.Call) error {
		rows, err := s.rows(conn, call)
		if err != nil {
			return err
		}
		defer rows.Close()
		s.row = slices.Grow(s.row[:0], len(into))[:len(into)]
		for {
			err := rows.Next(s.row)
			if err != nil && err != io.EOF {
				return s.failed(err)
			}
			s.unread = false
			if err == io.EOF {
				return nil
			}
			for i, v := range s.row {
				if err := scan(into[i], v); err != nil {
					return fmt.Errorf("column %d: %w", i+1, err)
				}
			}
			if err := row(); err != nil {
				return err
			}
		}
	})
}

// rows begins a query.
func (s *session) rows(conn any, call pgdriver.Call) (rows driver.Rows, err error) {
	if len(s.queue.calls) > 0 {
		return s.rowsAfter(conn, call)
	}
	rows, err = call.Stmt.(statement).QueryContext(context.Background(), call.Args)
	if err != nil {
		return nil, s.failed(err)
	}
	return rows, nil
}
