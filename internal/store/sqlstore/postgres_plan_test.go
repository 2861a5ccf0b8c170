package sqlstore_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
)

// rowsOfPlans fills the tables, so that the planner has something to weigh.
var rowsOfPlans = []string{
	`INSERT INTO objects (vault, kind, key, name, shelf, latest, status, due, job, held, token, leased_until, attempt, rev, body, raw)
SELECT 'v' || n % 3, 'certificates', 'c' || n, 'c' || n, 0, 'x' || n, 'completed', n, 'life', '', '', 0, 0, 1, '{}', '' FROM generate_series(1, 30000) n`,
	`INSERT INTO versions (vault, key, object, id, enabled, subject, content_type, key_type, exportable, body)
SELECT vault, key, id, latest, 1, '', '', 'EC', 1, id FROM objects`,
	`INSERT INTO bodies (body, raw) SELECT '{}', '' FROM generate_series(1, 30000)`,
	`INSERT INTO outbox (state, topic, vault, kind, name, version, tries, error, id, sink, due)
SELECT 'delivered', '', '', '', '', '', 0, '', '', '', n FROM generate_series(1, 30000) n`,
	`ANALYZE`,
	`SELECT set_config('min_parallel_table_scan_size', '0', false), set_config('min_parallel_index_scan_size', '0', false), set_config('parallel_setup_cost', '0', false), set_config('parallel_tuple_cost', '0', false)`, // as if there were millions
}

// Every statement finds its rows by an index, in the order wanted, on PostgreSQL
// too: none reads, hashes or sorts a table, whatever the planner makes of its
// numbers, so none grows with the database.
func TestPostgresStatementsUseIndexes(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		s := postgresAt(t, server)
		for _, text := range append(slices.Clone(rowsOfPlans), sqlstore.PostgresSetup...) {
			_, err := s.Admin.Exec(t.Context(), text)
			must.Do(t, err)
		}
		few := map[string]string{"sqlDropMessages": "the first that are old", "sqlObjectsAll": "two pages", "sqlPurgeBodies": "those of one slice", "sqlDeleteBody": "one",
			"sqlAnyLease": "all, once a database moves here", "sqlFreeAll": "the same"}
		for name, text := range sqlstore.PostgresStatements {
			steps := explained(t.Context(), t, s.Admin, name, text)
			for _, step := range steps {
				grows := slices.ContainsFunc([]string{"Seq Scan", "Bitmap", "Hash", "Merge Join", "Materialize", "Sort", "Gather"}, func(word string) bool { return strings.HasPrefix(step, word) })
				if grows && few[name] == "" {
					t.Errorf("%s: %s", name, step)
				}
			}
			if by := postgresRanges[name]; by != "" && !slices.ContainsFunc(steps, func(step string) bool { return strings.Contains(step, " using "+by+" on ") }) {
				t.Errorf("%s is not a range of %s:\n%s", name, by, strings.Join(steps, "\n"))
			}
			for _, step := range steps {
				if past, found := strings.CutPrefix(step, "Filter: "); found && !passedBy.MatchString(past) {
					t.Errorf("%s passes by rows: %s", name, past)
				}
			}
		}
	})
}

// postgresRanges are the indexes of which statements read a range.
var postgresRanges = map[string]string{
	"sqlObjects": "objects_list", "sqlObjectsAll": "objects_list", "sqlPending": "objects_list", "sqlNames": "objects_list",
	"sqlOutbox": "outbox_state", "sqlDropMessages": "outbox_state", "sqlCount": "outbox_state", "sqlQueue": "outbox_due", "sqlHasten": "outbox_due", "postgresEarly": "outbox_stream",
	"sqlDueJobs": "objects_due", "sqlNextDue": "objects_due", "sqlOrders": "objects_status", "sqlVersions": "versions_pkey",
}

// passedBy is what else is asked of rows that an index found, and holds for nearly
// all of them.
var passedBy = regexp.MustCompile(`^\((rev|token) = \$|^\(NOT \(mac IS DISTINCT FROM \$|` + // it is still the row that was read
	`^\(kind = ANY \(ARRAY\[|` + // those of one name
	`^\(leased_until <= \$|` + // nobody holds the job
	`^\(leased_until > 0\)$|` + // of all, once a database moves here
	`^\(vault <> '-'::text\)$|^\(key <> ALL \(|` + // a few are the store's own
	`^\(NOT pg_visible_in_snapshot\(|^\(oldest\.at < `) // of the newest, and of a page

// explained are the steps of the plan of a statement, as one has it that is
// prepared once for all arguments.
func explained(ctx context.Context, t *testing.T, conn *pgx.Conn, name, text string) (steps []string) {
	t.Helper()
	for _, do := range []string{"DEALLOCATE ALL", "PREPARE one AS " + text} {
		if _, err := conn.Exec(ctx, do, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	args := make([]string, len(slices.Compact(slices.Sorted(slices.Values(regexp.MustCompile(`\$\d+`).FindAllString(text, -1))))))
	for i := range args {
		args[i] = "NULL"
	}
	execute := "EXPLAIN EXECUTE one"
	if len(args) > 0 {
		execute = fmt.Sprintf("%s (%s)", execute, strings.Join(args, ", "))
	}
	rows, err := conn.Query(ctx, execute, pgx.QueryExecModeSimpleProtocol)
	must.Do(t, err)
	defer rows.Close()
	for rows.Next() {
		var line string
		must.Do(t, rows.Scan(&line))
		steps = append(steps, strings.TrimLeft(line, " ->"))
	}
	must.Do(t, rows.Err())
	return steps
}

// A claim writes to no index: the row stays on its page, where there is room.
func TestPostgresClaimsWriteToNoIndex(t *testing.T) {
	eachPostgres(t, func(t *testing.T, server string) {
		s := postgresAt(t, server)
		_, err := s.Admin.Exec(t.Context(), rowsOfPlans[0])
		must.Do(t, err)
		tx, err := s.Admin.Begin(t.Context())
		must.Do(t, err)
		for i := range 20 {
			_, err := tx.Exec(t.Context(), sqlstore.PostgresStatements["sqlLease"], 1000*i+1, "token", int64(1)<<60, []byte("mac"))
			must.Do(t, err)
		}
		var all, stayed int
		must.Do(t, tx.QueryRow(t.Context(), "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relid = to_regclass('objects')").Scan(&all, &stayed))
		must.Do(t, tx.Rollback(t.Context()))
		if all != 20 || stayed != all {
			t.Errorf("of %d rows that were claimed %d stayed on their page", all, stayed)
		}
	})
}
