package sqlstore

import (
	"context"
	"database/sql"
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

// ChangesText is the statement of a feed.
const ChangesText = postgresChanges
