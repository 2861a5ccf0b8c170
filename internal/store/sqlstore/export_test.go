package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"time"
)

// MovingColumns are those that a move carries.
func MovingColumns() (names []string) {
	for _, t := range tables {
		for _, column := range t.all() {
			names = append(names, t.name+"."+column)
		}
	}
	return names
}

// StartPostgres opens a store over connections that a test makes.
func StartPostgres(ctx context.Context, db *sql.DB) (*Store, error) { return start(ctx, db, postgres) }

// ProofText is the statement that names a transaction, and that looks it up.
const ProofText = postgresProof

// ChangesText is the statement of a feed.
const ChangesText = postgresChanges

// PostgresStatements are all that run on PostgreSQL, by the names of their constants.
var PostgresStatements = func() map[string]string {
	all := maps.Clone(statements)
	for _, alone := range []string{"sqlProbe", "sqlProbeEnd"} { // of SQLite
		delete(all, alone)
	}
	all["postgresEarly"], all["postgresProof"], all["postgresDropProofs"], all["postgresChanges"] = postgres.early, postgresProof, postgresDropProofs, postgresChanges
	for name, text := range all {
		all[name] = cmp.Or(postgres.instead[text], text)
	}
	return all
}()

// PostgresSetup is run on each connection.
var PostgresSetup = postgres.setup

// Slept has a feed find that it was read last so long before it was.
func (f *Feed) Slept(d time.Duration) { f.asked = f.asked.Add(-d) }

// Waiting is how many updates wait for their turn.
func (s *Store) Waiting() int { return len(s.writer.queue) }
