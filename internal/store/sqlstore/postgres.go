package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"

	"certwright/internal/vault"
)

// postgresPlans has every statement planned once, and find its rows one by one by
// an index: that is right however many there are. Left to itself the planner goes
// by what it takes for the number of rows: a page of a list of 100,000 was read by
// merging it with all versions before it.
const postgresPlans = `set_config('plan_cache_mode', 'force_generic_plan', false), set_config('enable_mergejoin', 'off', false), set_config('enable_hashjoin', 'off', false),
set_config('enable_hashagg', 'off', false), set_config('enable_bitmapscan', 'off', false), set_config('enable_seqscan', 'off', false), set_config('jit', 'off', false),
set_config('max_parallel_workers_per_gather', '0', false)`

// postgres is the dialect of PostgreSQL. READ COMMITTED is enough: every rule of
// a name is held by comparing its revision. What reads sees one snapshot.
var postgres = dialect{
	folder: "postgres",
	goose:  goose.DialectPostgres,
	turns:  []goose.ProviderOption{goose.WithSessionLocker(migrateTurns{})},
	// One round trip, whatever a pooler between lets through at the start of a connection.
	setup: []string{`SELECT set_config('synchronous_commit', 'on', false), set_config('statement_timeout', '30s', false), set_config('lock_timeout', '5s', false),
set_config('idle_in_transaction_session_timeout', '60s', false), set_config('client_min_messages', 'warning', false), ` + postgresPlans},
	view:       "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
	begin:      "BEGIN ISOLATION LEVEL READ COMMITTED",
	fault:      postgresFault,
	together:   true,
	writers:    4,
	readers:    8,
	instead:    postgresInstead,
	clock:      "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
	proof:      true,
	early:      postgresEarly,
	inspect:    postgresInspect,
	setVersion: func(context.Context, *session, int64) error { return nil }, // goose's own table says
	giveUp:     func(*session) error { return nil },
	given: func(t table) string {
		return fmt.Sprintf("SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('%s', '%s')::regclass), 0)", t.name, t.given)
	},
	giveAfter: func(t table, highest int64) []string {
		return []string{fmt.Sprintf("SELECT setval(pg_get_serial_sequence('%s', '%s'), %d)", t.name, t.given, highest)}
	},
	tend:  func(context.Context, *sql.DB, dialect, *writer) (*checkpointer, error) { return nil, nil },
	leave: func(*session) error { return nil },
}

// postgresFault tells what an error means. One that is not the server's own is the
// connection's.
func postgresFault(err error) fault {
	var e *pgconn.PgError
	switch {
	case !errors.As(err, &e):
		return isLost
	case slices.Contains([]string{"40001", "40P01", "55P03"}, e.Code): // serialization, deadlock, lock
		return comesAnew
	case strings.HasPrefix(e.Code, "08"), strings.HasPrefix(e.Code, "57P"), e.Code == "25P03", e.Code == "25006": // connection, shutdown, idle too long, a standby now
		return isLost
	}
	return isFinal
}

// postgresTrouble returns an error that comes of PostgreSQL's own condition as
// that; nil for any other.
func postgresTrouble(err error) *vault.StorageError {
	var away *lostError
	if errors.As(err, &away) {
		return &vault.StorageError{Fault: vault.DatabaseAway, Err: away.cause}
	}
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return nil
	}
	switch e.Code {
	case "53100":
		return &vault.StorageError{Fault: vault.DiskFull, Err: err}
	case "40001", "40P01", "55P03", "57014", "53200": // others came between, again and again; a statement took too long; no memory
		return &vault.StorageError{Fault: vault.DatabaseSlow, Err: err}
	}
	return nil
}

// OpenPostgres opens the database of a URL and brings its schema up to date.
// Other servers may have it open: leases go on, and end by the database's clock.
func OpenPostgres(ctx context.Context, url string) (*Store, error) {
	db, err := Postgres(url)
	if err != nil {
		return nil, err
	}
	s, err := start(ctx, db, postgres)
	if err == nil {
		err = s.adopt(ctx)
	}
	if err != nil && s != nil {
		_ = s.Close() // of no further use
	}
	if err != nil {
		_ = db.Close() // it holds nothing
		return nil, fmt.Errorf("open %s: %w", NamePostgres(url), wayOut(err))
	}
	return s, nil
}

// postgresInspect looks before it touches: a database of another program stays
// as it is.
func postgresInspect(ctx context.Context, s *session) (schema, error) {
	var encoding string
	if err := s.conn.QueryRowContext(ctx, "SHOW server_encoding").Scan(&encoding); err != nil {
		return schema{}, fmt.Errorf("read the database's encoding: %w", err)
	}
	if encoding != "UTF8" {
		return schema{}, fmt.Errorf("the database is encoded in %s\nhint: make it with ENCODING 'UTF8'", encoding)
	}
	var tables int
	var ours, migrated bool
	err := s.conn.QueryRowContext(ctx, `SELECT count(*), to_regclass('settings') IS NOT NULL, to_regclass('goose_db_version') IS NOT NULL
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relkind = 'r' AND c.relname <> 'goose_db_version'`).Scan(&tables, &ours, &migrated)
	if err != nil {
		return schema{}, fmt.Errorf("look for tables: %w", err)
	}
	if tables > 0 && ours {
		err = s.conn.QueryRowContext(ctx, "SELECT count(*) > 0 FROM settings WHERE key = 'product' AND value = 'certwright'").Scan(&ours)
		if err != nil {
			return schema{}, fmt.Errorf("look whose database this is: %w", err)
		}
	}
	if tables > 0 && !(ours && migrated) {
		return schema{}, ErrForeign
	}
	if !migrated {
		return schema{}, nil
	}
	var version int64
	err = s.conn.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&version)
	if err != nil || !ours {
		return schema{version, version}, err
	}
	return s.schemaOf(version) // read after it: what contracted meanwhile is seen
}
