package pgdriver

import (
	"context"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// A Call is a prepared statement of the connection with its parameters.
type Call struct {
	Stmt    driver.Stmt
	Args    []driver.NamedValue
	Changed int64 // how many rows, once it ran
}

// Exec runs statements in one round trip, one after the other. The first that
// fails is the last one that ran.
func (c *Conn) Exec(calls []Call) error {
	p, err := c.send(calls)
	if err != nil {
		return err
	}
	if err := answered(p, calls); err != nil {
		return err
	}
	return p.Close()
}

// Query is Exec of calls of which the last one returns rows, which must be closed.
func (c *Conn) Query(calls []Call) (driver.Rows, error) {
	p, err := c.send(calls)
	if err != nil {
		return nil, err
	}
	last := len(calls) - 1
	if err := answered(p, calls[:last]); err != nil {
		return nil, err
	}
	r, err := next(p)
	if err != nil {
		return nil, ended(p, err)
	}
	return &rows{of: calls[last].Stmt.(*stmt), r: r, last: p}, nil
}

// Leave sends a statement and does not wait for its answer; that it failed is
// the error of what comes next.
func (c *Conn) Leave(call Call) (err error) {
	c.owed, err = c.send([]Call{call})
	return err
}

// send sends statements; their answers are to be read.
func (c *Conn) send(calls []Call) (*pgconn.Pipeline, error) {
	if err := c.catchUp(); err != nil {
		return nil, err
	}
	p := c.pg.StartPipeline(context.Background())
	for _, call := range calls {
		s := call.Stmt.(*stmt)
		if err := s.encode(call.Args); err != nil {
			return nil, ended(p, err)
		}
		p.SendQueryStatement(s.d, s.values, s.into, s.out)
	}
	if err := p.Sync(); err != nil {
		return nil, ended(p, err)
	}
	return p, nil
}

// catchUp reads the answer that was left, and begins to wait for the next one.
func (c *Conn) catchUp() error {
	if c.Patience > 0 {
		_ = c.pg.Conn().SetDeadline(time.Now().Add(c.Patience)) // of a connection that is closed: what comes next says so
	}
	p := c.owed
	if p == nil {
		return nil
	}
	c.owed = nil
	if err := answered(p, make([]Call, 1)); err != nil {
		return err
	}
	return p.Close()
}

// answered reads the answers of statements that return no rows, or whose rows are
// not wanted; the pipeline is closed where one failed.
func answered(p *pgconn.Pipeline, calls []Call) error {
	for i := range calls {
		r, err := next(p)
		if err == nil {
			var tag pgconn.CommandTag
			tag, err = r.Close()
			calls[i].Changed = tag.RowsAffected()
		}
		if err != nil {
			return ended(p, err)
		}
	}
	return nil
}

func next(p *pgconn.Pipeline) (*pgconn.ResultReader, error) {
	got, err := p.GetResults()
	if err != nil {
		return nil, err
	}
	r, is := got.(*pgconn.ResultReader)
	if !is { // the connection was lost in between
		return nil, errors.New("pgdriver: an answer is missing")
	}
	return r, nil
}

// ended closes a pipeline after an error, which the first one explains.
func ended(p *pgconn.Pipeline, err error) error {
	_ = p.Close()
	return err
}
