package sqlstore

import (
	"context"
	"embed"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// A Dialect is all that sets one engine apart. The statements are the same:
// parameters are $1, $2, ..., names sort by their bytes, booleans are 0 and 1.
type Dialect struct {
	Folder    string        // of its migrations
	Goose     goose.Dialect // how goose keeps its own table
	BeginView string        // begins a transaction that only reads, on one snapshot
	Begin     string        // begins a serializable transaction that writes
	Setup     []string      // run on every new connection
	// Inspect refuses a database that is not ours, readies one that is, and
	// returns its schema version; SetVersion records it. They work without goose,
	// so that a start with a current schema costs a few short queries.
	Inspect    func(ctx context.Context, s *session) (version int64, err error)
	SetVersion func(ctx context.Context, s *session, version int64) error
}
