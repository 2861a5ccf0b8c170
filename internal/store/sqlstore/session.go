package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"certwright/internal/vault"
)

// A session is one connection with its prepared statements. One goroutine uses
// it at a time.
//
// Statements run without the caller's context: with one that can end, the
// driver starts a goroutine per statement, which costs more than a point read,
// and every statement here is short. The context is looked at in between.
type session struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt // by SQL text
	fault error                // of the engine, since the writer last gave the turn
	left  bool                 // a purge left versions behind, since the writer last looked
}

// newSession takes a connection out of db and runs setup on it.
func newSession(ctx context.Context, db *sql.DB, setup ...[]string) (*session, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	s := &session{conn: conn, stmts: map[string]*sql.Stmt{}}
	for _, text := range slices.Concat(setup...) {
		if _, err := conn.ExecContext(ctx, text); err != nil {
			conn.Close()
			return nil, fmt.Errorf("%s: %w", text, err)
		}
	}
	return s, nil
}

// close gives the connection back; its statements end with it.
func (s *session) close() error {
	var first error
	for _, stmt := range s.stmts {
		if err := stmt.Close(); first == nil {
			first = err
		}
	}
	if err := s.conn.Close(); first == nil {
		first = err
	}
	return first
}

// prepared returns the statement of a text, prepared at its first use.
func (s *session) prepared(text string) (*sql.Stmt, error) {
	if stmt, ok := s.stmts[text]; ok {
		return stmt, nil
	}
	stmt, err := s.conn.PrepareContext(context.Background(), text)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", text, err)
	}
	s.stmts[text] = stmt
	return stmt, nil
}

// exec runs a statement and returns how many rows it changed.
func (s *session) exec(text string, args ...any) (int64, error) {
	stmt, err := s.prepared(text)
	if err != nil {
		return 0, err
	}
	res, err := stmt.ExecContext(context.Background(), args...)
	if err != nil {
		s.fault = err
		return 0, err
	}
	return res.RowsAffected()
}

// one reads the row that a query finds; vault.ErrNotFound if there is none.
func (s *session) one(text string, args []any, into ...any) error {
	stmt, err := s.prepared(text)
	if err != nil {
		return err
	}
	err = stmt.QueryRowContext(context.Background(), args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return vault.ErrNotFound
	}
	if err != nil {
		s.fault = err
	}
	return err
}

// each calls row for every row of a query.
func (s *session) each(text string, args []any, row func(scan func(...any) error) error) error {
	stmt, err := s.prepared(text)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(context.Background(), args...)
	if err != nil {
		s.fault = err
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		s.fault = err
		return err
	}
	return nil
}
