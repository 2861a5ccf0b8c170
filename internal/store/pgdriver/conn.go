package pgdriver

import (
	"context"
	"database/sql/driver"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// A Connector makes connections; give it to sql.OpenDB.
type Connector struct{ Config *pgconn.Config }

// Connect implements driver.Connector.
func (c Connector) Connect(ctx context.Context) (driver.Conn, error) {
	pg, err := pgconn.ConnectConfig(ctx, c.Config)
	if err != nil {
		return nil, err
	}
	return &Conn{pg: pg}, nil
}

// Driver implements driver.Connector.
func (c Connector) Driver() driver.Driver { return noNames{} }

// noNames is a driver that opens nothing by name.
type noNames struct{}

// Open implements driver.Driver.
func (noNames) Open(string) (driver.Conn, error) {
	return nil, errors.New("pgdriver: use a Connector")
}

// A Conn is one connection; one goroutine uses it at a time.
type Conn struct {
	// Patience is how long an answer may take, from the last statement that was
	// sent: a server may be gone without a word, and its end of the connection with
	// it. 0 waits for ever.
	Patience time.Duration

	pg    *pgconn.PgConn
	names int              // of statements, so far
	owed  *pgconn.Pipeline // sent, and its answer is not read yet (together.go)
}

var (
	_ driver.ConnPrepareContext = (*Conn)(nil)
	_ driver.ConnBeginTx        = (*Conn)(nil)
	_ driver.ExecerContext      = (*Conn)(nil)
	_ driver.Validator          = (*Conn)(nil)
)

// Prepare implements driver.Conn.
func (c *Conn) Prepare(text string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), text)
}

// PrepareContext implements driver.ConnPrepareContext.
func (c *Conn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	if err := c.catchUp(); err != nil {
		return nil, err
	}
	c.names++
	d, err := c.pg.Prepare(ctx, "s"+strconv.Itoa(c.names), text, nil)
	if err != nil {
		return nil, err
	}
	return newStmt(c, d), nil
}

// ExecContext implements driver.ExecerContext: a text without parameters may be
// several statements.
func (c *Conn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) > 0 {
		return nil, driver.ErrSkip // prepared
	}
	if err := c.catchUp(); err != nil {
		return nil, err
	}
	done := c.pg.Exec(ctx, text)
	all, err := done.ReadAll()
	var changed int64
	for _, one := range all {
		changed += one.CommandTag.RowsAffected()
	}
	return driver.RowsAffected(changed), err
}

// BeginTx implements driver.ConnBeginTx, at the server's usual isolation.
func (c *Conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if o.Isolation != 0 || o.ReadOnly {
		return nil, errors.New("pgdriver: begin such a transaction by a statement")
	}
	if _, err := c.ExecContext(ctx, "BEGIN", nil); err != nil {
		return nil, err
	}
	return tx{c}, nil
}

// Begin implements driver.Conn.
func (c *Conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// IsValid implements driver.Validator.
func (c *Conn) IsValid() bool { return !c.pg.IsClosed() }

// Close implements driver.Conn.
func (c *Conn) Close() error { return c.pg.Close(context.Background()) }

type tx struct{ c *Conn }

// Commit implements driver.Tx.
func (t tx) Commit() error { return t.end("COMMIT") }

// Rollback implements driver.Tx.
func (t tx) Rollback() error { return t.end("ROLLBACK") }

func (t tx) end(text string) error {
	_, err := t.c.ExecContext(context.Background(), text, nil)
	return err
}
