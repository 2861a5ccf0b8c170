package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"certwright/internal/files"
	"certwright/internal/seal"
	"certwright/internal/store/sqlstore"
	"certwright/internal/trust"
	"certwright/internal/vault"
)

// A Request says what is checked.
type Request struct {
	Data     string                                  // the data folder
	Store    string                                  // the URL of the PostgreSQL database; "": it lies in the folder
	KEKs     []seal.KEK                              // that open its keyset; none: the file in the folder
	Bound    bool                                    // its mark says that every row bears a seal
	Progress func(doing string, part, whole float64) // may be nil
}

// A Fault is one thing that is wrong.
type Fault struct {
	What  string `json:"what"`  // a file, or a row by its place
	Fault string `json:"fault"` // in which way
	Hint  string `json:"hint"`  // what to do
}

// A Report is what a check came to.
type Report struct {
	Data   string  `json:"data"`
	Store  string  `json:"store,omitempty"` // of PostgreSQL, without a password
	Schema int64   `json:"schema"`
	Rows   int     `json:"rows"`  // that were looked at
	Seals  int     `json:"seals"` // that were opened
	Faults []Fault `json:"faults"`
	More   int     `json:"more_faults,omitempty"` // beyond mostFaults
}

// mostFaults is how many are told one by one.
const mostFaults = 1000

// What leads out.
const (
	restore = "restore a backup, with certwright restore"
	anew    = "restore a backup, or remove what it is about and make it anew"
)

// Folder checks a data folder. An error means that it could not be checked; what
// is wrong there is in the report.
func Folder(ctx context.Context, r Request) (Report, error) {
	c := &checker{Request: r, report: Report{Data: r.Data, Faults: []Fault{}}}
	database := c.path(sqlstore.File)
	if _, err := os.Stat(database); errors.Is(err, fs.ErrPermission) {
		return c.report, fmt.Errorf("look for the database: %w", err)
	} else if err != nil {
		return c.report, fmt.Errorf("%s is not there\nhint: name the data folder of a server with --data", database)
	}
	for _, name := range []string{sqlstore.File, sqlstore.File + "-wal", sqlstore.File + "-shm"} {
		if err := files.Private(c.path(name)); !errors.Is(err, fs.ErrNotExist) {
			c.failed(c.path(name), err, "")
		}
	}
	c.failed(c.path(trust.CAFile), trust.Check(r.Data), "")
	return c.rows(ctx, database, sqlstore.Inspect)
}

// Shared checks the database that servers share. An error means that it could
// not be checked; what is wrong there is in the report.
func Shared(ctx context.Context, r Request) (Report, error) {
	name := sqlstore.NamePostgres(r.Store)
	c := &checker{Request: r, report: Report{Data: r.Data, Store: name, Faults: []Fault{}}}
	var reached error
	report, err := c.rows(ctx, name, func(ctx context.Context, _ string, in sqlstore.Inspection) (schema int64, rows int, err error) {
		schema, rows, err = sqlstore.InspectPostgres(ctx, r.Store, in)
		if schema == 0 {
			reached = err
			err = nil
		}
		return schema, rows, err
	})
	return report, errors.Join(err, reached)
}

// rows goes through all rows of a database.
func (c *checker) rows(ctx context.Context, database string, inspect func(context.Context, string, sqlstore.Inspection) (int64, int, error)) (Report, error) {
	var err error
	c.report.Schema, c.report.Rows, err = inspect(ctx, database, sqlstore.Inspection{
		Open: func(rows vault.Reader) (vault.RowKeys, error) { return c.open(ctx, rows) }, Bound: c.Bound,
		Row: c.row, Fault: func(row, fault string) { c.fault(row, fault, wayOut(fault)) }, Progress: c.progress(),
	})
	if ctx.Err() != nil {
		return c.report, ctx.Err()
	}
	c.failed(database, err, restore)
	return c.report, nil
}

// wayOut is what to do about a fault of the database.
func wayOut(fault string) string {
	switch {
	case strings.HasSuffix(fault, "bear no seal yet"):
		return "start the server once, which seals them"
	case strings.HasSuffix(fault, "belong to no version"), strings.HasPrefix(fault, "it belongs to no"):
		return "nobody reads that; it only takes room"
	case strings.HasPrefix(fault, "check the database"):
		return restore
	}
	return anew
}

// A checker gathers what is wrong.
type checker struct {
	Request
	report Report
	keyset *seal.Keyset
}

func (c *checker) path(name string) string { return filepath.Join(c.Data, name) }

func (c *checker) progress() func(part, whole float64) {
	if c.Progress == nil {
		return nil
	}
	return func(part, whole float64) { c.Progress("checking", part, whole) }
}

func (c *checker) fault(what, fault, hint string) {
	if len(c.report.Faults) >= mostFaults {
		c.report.More++
		return
	}
	c.report.Faults = append(c.report.Faults, Fault{what, fault, hint})
}

// failed tells of an error, with the hint in it if there is one.
func (c *checker) failed(what string, err error, otherwise string) {
	if err == nil {
		return
	}
	text, hint, found := strings.Cut(err.Error(), "\nhint: ")
	if !found {
		hint = otherwise
	}
	c.fault(what, strings.ReplaceAll(text, "\n", "; "), hint)
}
