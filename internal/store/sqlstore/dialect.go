package sqlstore

import (
	"context"
	"database/sql"
	"embed"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// A fault is what an error of the engine means for the transaction that it ended.
type fault int

const (
	isFinal   fault = iota // its statement will not do
	comesAnew              // another transaction came between: run again, it may succeed
	isLost                 // the connection is gone, and the transaction with it
)

// A dialect is all that sets one engine apart. The statements are the same but
// for a few (instead): parameters are $1, $2, ..., names sort by their bytes, booleans are 0 and 1.
type dialect struct {
	folder string                 // of its migrations
	goose  goose.Dialect          // how goose keeps its own table
	turns  []goose.ProviderOption // how servers that start at once take turns to migrate
	setup  []string               // run on every new connection
	views  []string               // run as well on one that only reads
	view   string                 // begins a transaction that only reads, on one snapshot
	begin  string                 // begins a serializable transaction that writes
	// together says that a statement is a way to a server and back, and that several
	// may go at once: the writes of a transaction wait for each other (queue.go).
	together bool
	writers  int               // connections that write: one gathers, the others commit
	readers  int               // snapshots that are read at the same time, at most (docs/measurements.md)
	instead  map[string]string // what the engine is asked instead of a statement
	alone    bool              // no other process uses the database: leases end at the start
	// fault says what an error of the engine is, beside one of the statement.
	fault func(error) fault
	clock string // reads the database's time, in microseconds; "" where it is the process's own
	proof bool   // a commit whose answer was lost is looked up (proof.go)
	early string // of the outbox: the rows that no transaction still under way can come before
	// inspect refuses a database that is not ours, readies one that is, and
	// returns its schema; setVersion records its version. They work without goose,
	// so that a start with a current schema costs a few short queries.
	inspect    func(ctx context.Context, s *session) (schema, error)
	setVersion func(ctx context.Context, s *session, version int64) error
	giveUp     func(s *session) error // leaves the log of a database that cannot be opened
	// given reads the highest number that a table ever gave out; giveAfter has the
	// next one come after one. They count where a database moves (move.go).
	given     func(t table) string
	giveAfter func(t table, highest int64) []string
	// tend starts what keeps the database in order while the writer writes.
	tend  func(ctx context.Context, db *sql.DB, d dialect, w *writer) (*checkpointer, error)
	leave func(s *session) error // tidies up before the last connection closes
}
