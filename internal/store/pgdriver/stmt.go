package pgdriver

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
)

// Types of PostgreSQL that are not read as texts (pg_type.dat).
const (
	boolType  = 16
	bytesType = 17
	int8Type  = 20
	int2Type  = 21
	int4Type  = 23
)

// The two ways to write a value on the wire.
const (
	asText   int16 = 0
	asBinary int16 = 1
)

// A stmt is a prepared statement. Bytes go as they are, all else as texts.
type stmt struct {
	of      *Conn
	d       *pgconn.StatementDescription
	into    []int16 // how each parameter is written
	out     []int16 // and each column
	columns []string
	values  [][]byte // room for parameters
}

func newStmt(of *Conn, d *pgconn.StatementDescription) *stmt {
	s := &stmt{of: of, d: d, into: make([]int16, len(d.ParamOIDs)), values: make([][]byte, len(d.ParamOIDs))}
	for i, oid := range d.ParamOIDs {
		s.into[i] = formatOf(oid)
	}
	for _, f := range d.Fields {
		s.out, s.columns = append(s.out, formatOf(f.DataTypeOID)), append(s.columns, f.Name)
	}
	return s
}

func formatOf(oid uint32) int16 {
	if oid == bytesType {
		return asBinary
	}
	return asText
}

// NumInput implements driver.Stmt.
func (s *stmt) NumInput() int { return len(s.into) }

// Close implements driver.Stmt. Statements last as long as their connection.
func (s *stmt) Close() error { return nil }

// Exec implements driver.Stmt.
func (s *stmt) Exec([]driver.Value) (driver.Result, error) { return nil, errOld }

// Query implements driver.Stmt.
func (s *stmt) Query([]driver.Value) (driver.Rows, error) { return nil, errOld }

var errOld = errors.New("pgdriver: use a context")

// ExecContext implements driver.StmtExecContext.
func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	r, err := s.run(ctx, args)
	if err != nil {
		return nil, err
	}
	tag, err := r.Close()
	return driver.RowsAffected(tag.RowsAffected()), err
}

// QueryContext implements driver.StmtQueryContext.
func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	r, err := s.run(ctx, args)
	if err != nil {
		return nil, err
	}
	return &rows{of: s, r: r}, nil
}

func (s *stmt) run(ctx context.Context, args []driver.NamedValue) (*pgconn.ResultReader, error) {
	if err := s.encode(args); err != nil {
		return nil, err
	}
	if err := s.of.catchUp(); err != nil {
		return nil, err
	}
	return s.of.pg.ExecStatement(ctx, s.d, s.values, s.into, s.out), nil
}

// encode fills the room for parameters.
func (s *stmt) encode(args []driver.NamedValue) error {
	if len(args) != len(s.values) {
		return fmt.Errorf("pgdriver: %d parameters, want %d", len(args), len(s.values))
	}
	for i, arg := range args {
		v, err := written(arg.Value, s.into[i])
		if err != nil {
			return fmt.Errorf("pgdriver: parameter %d: %w", i+1, err)
		}
		s.values[i] = v
	}
	return nil
}

// written is a parameter as it goes on the wire; nil is NULL.
func written(v driver.Value, format int16) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case []byte:
		if format == asBinary || v == nil {
			return v, nil
		}
	case string:
		if format == asText {
			return []byte(v), nil
		}
	case int64:
		if format == asText {
			return strconv.AppendInt(nil, v, 10), nil
		}
	case bool:
		if format == asText {
			return strconv.AppendBool(nil, v), nil
		}
	}
	return nil, fmt.Errorf("a %T does not go there", v)
}

// rows are read one after the other.
type rows struct {
	of   *stmt
	r    *pgconn.ResultReader
	last *pgconn.Pipeline // that they end; nil where they came alone
}

// Columns implements driver.Rows.
func (r *rows) Columns() []string { return r.of.columns }

// Close implements driver.Rows.
func (r *rows) Close() error {
	_, err := r.r.Close()
	if r.last != nil {
		err = errors.Join(err, r.last.Close())
	}
	return err
}

// Next implements driver.Rows.
func (r *rows) Next(into []driver.Value) error {
	if !r.r.NextRow() {
		if _, err := r.r.Close(); err != nil {
			return err
		}
		return io.EOF
	}
	for i, raw := range r.r.Values() {
		v, err := read(raw, r.of.d.Fields[i].DataTypeOID)
		if err != nil {
			return err
		}
		into[i] = v
	}
	return nil
}

// read is a column's value, with bytes of its own.
func read(raw []byte, oid uint32) (driver.Value, error) {
	if raw == nil {
		return nil, nil
	}
	switch oid {
	case bytesType:
		return append([]byte{}, raw...), nil
	case int8Type, int4Type, int2Type:
		return strconv.ParseInt(string(raw), 10, 64)
	case boolType:
		return string(raw) == "t", nil
	}
	return string(raw), nil
}
