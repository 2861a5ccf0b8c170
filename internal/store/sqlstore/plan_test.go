package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func openInside(t testing.TB) *Store {
	t.Helper()
	s, err := Open(context.Background(), filepath.Join(t.TempDir(), "certwright.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// statements are all that this package runs, by the names of their constants.
var statements = map[string]string{
	"sqlAccount":         sqlAccount,
	"sqlAllObjects":      sqlAllObjects,
	"sqlAnyAccount":      sqlAnyAccount,
	"sqlAnyDue":          sqlAnyDue,
	"sqlRevision":        sqlRevision,
	"sqlRevisions":       sqlRevisions,
	"sqlOwnRevision":     sqlOwnRevision,
	"sqlAccountRevision": sqlAccountRevision,
	"sqlAnyLease":        sqlAnyLease,
	"sqlAppend":          sqlAppend,
	"sqlContacts":        sqlContacts,
	"sqlCount":           sqlCount,
	"sqlDeleteBody":      sqlDeleteBody,
	"sqlDeleteContacts":  sqlDeleteContacts,
	"sqlDeleteIssuer":    sqlDeleteIssuer,
	"sqlDeleteVersion":   sqlDeleteVersion,
	"sqlDropMessages":    sqlDropMessages,
	"sqlDueJobs":         sqlDueJobs,
	"sqlExtend":          sqlExtend,
	"sqlFreeAll":         sqlFreeAll,
	"sqlHasten":          sqlHasten,
	"sqlInsertAccount":   sqlInsertAccount,
	"sqlInsertBody":      sqlInsertBody,
	"sqlInsertObject":    sqlInsertObject,
	"sqlInsertVersion":   sqlInsertVersion,
	"sqlIssuer":          sqlIssuer,
	"sqlIssuers":         sqlIssuers,
	"sqlLease":           sqlLease,
	"sqlNames":           sqlNames,
	"sqlNextDue":         sqlNextDue,
	"sqlNextVault":       sqlNextVault,
	"sqlObject":          sqlObject,
	"sqlObjectID":        sqlObjectID,
	"sqlObjects":         sqlObjects,
	"sqlObjectsAll":      sqlObjectsAll,
	"sqlOrders":          sqlOrders,
	"sqlOutbox":          sqlOutbox,
	"sqlOwnObject":       sqlOwnObject,
	"sqlProbe":           sqlProbe,
	"sqlProbeEnd":        sqlProbeEnd,
	"sqlPark":            sqlPark,
	"sqlPending":         sqlPending,
	"sqlPurgeBodies":     sqlPurgeBodies,
	"sqlPurgeDone":       sqlPurgeDone,
	"sqlPurgeLater":      sqlPurgeLater,
	"sqlPurgeObject":     sqlPurgeObject,
	"sqlPurgeVersions":   sqlPurgeVersions,
	"sqlPurged":          sqlPurged,
	"sqlPutContacts":     sqlPutContacts,
	"sqlPutIssuer":       sqlPutIssuer,
	"sqlPutMessage":      sqlPutMessage,
	"sqlPutSetting":      sqlPutSetting,
	"sqlQueue":           sqlQueue,
	"sqlSetting":         sqlSetting,
	"sqlUpdateAccount":   sqlUpdateAccount,
	"sqlUpdateObject":    sqlUpdateObject,
	"sqlUpdateVersion":   sqlUpdateVersion,
	"sqlVersion":         sqlVersion,
	"sqlVersions":        sqlVersions,
	"sqlWalkObjects":     sqlWalkObjects,
	"sqlWalkVersions":    sqlWalkVersions,
	"sqlWalkIssuers":     sqlWalkIssuers,
	"sqlWalkContacts":    sqlWalkContacts,
	"sqlWalkAccounts":    sqlWalkAccounts,
	"sqlWalkSettings":    sqlWalkSettings,
	"sqlBindObject":      sqlBindObject,
	"sqlBindVersion":     sqlBindVersion,
	"sqlBindIssuer":      sqlBindIssuer,
	"sqlBindContacts":    sqlBindContacts,
	"sqlBindAccount":     sqlBindAccount,
	"sqlBindSetting":     sqlBindSetting,
	"sqlResealObject":    sqlResealObject,
	"sqlResealBody":      sqlResealBody,
	"sqlResealIssuer":    sqlResealIssuer,
	"sqlResealAccount":   sqlResealAccount,
}

// A statement that is not listed would not be looked at.
func TestStatementsAreAllListed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			for _, name := range spec.Names {
				if strings.HasPrefix(name.Name, "sql") && name.Name != "sqlite" {
					found++
					if _, ok := statements[name.Name]; !ok {
						t.Errorf("%s is not listed", name.Name)
					}
				}
			}
			return true
		})
	}
	if found != len(statements) {
		t.Errorf("%d statements found, %d listed", found, len(statements))
	}
}

// Every statement finds its rows by an index, in the order wanted: none reads
// or sorts a whole table, so none grows with the database.
func TestStatementsUseIndexes(t *testing.T) {
	t.Parallel()
	// Those that walk an index in its order may start at its beginning.
	walks := map[string]string{
		"sqlHasten": "SCAN outbox USING INDEX outbox_due", "sqlCount": "SCAN found", "sqlNames": "SCAN found", "sqlDropMessages": "SCAN oldest",
		"sqlPurged": "SCAN purged", "sqlInsertObject": "SCAN CONSTANT ROW",
	}
	// Lists are bound on both sides: another index would find the rows too, past
	// all that do not belong to the list.
	lists := map[string]string{
		"sqlObject":     "SEARCH o USING INDEX objects_key (vault=? AND key=? AND kind=?)",
		"sqlObjects":    "SEARCH o USING COVERING INDEX objects_list (vault=? AND kind=? AND shelf=? AND key>?)", // touches no object's row
		"sqlPending":    "SEARCH o USING INDEX objects_list (vault=? AND kind=? AND shelf=? AND key>?)",
		"sqlAllObjects": "SEARCH o USING INDEX objects_key ((vault,key,kind)>(?,?,?))",
		"sqlRevisions":  "SEARCH o USING INDEX objects_key ((vault,key,kind)>(?,?,?))",
		"sqlOrders":     "SEARCH o USING INDEX objects_status (status=? AND (vault,key)>(?,?) AND vault<?)",
		"sqlIssuers":    "SEARCH issuers USING INDEX sqlite_autoindex_issuers_1 (vault=? AND key>?)",
		"sqlOutbox":     "SEARCH outbox USING INDEX outbox_state (sink=? AND state=? AND seq>?)",
		"sqlCount":      "CO-ROUTINE found",
		"sqlNames":      "CO-ROUTINE found",
		"sqlQueue":      "SEARCH outbox USING INDEX outbox_due (sink=?)",
		"sqlDueJobs":    "SEARCH o USING INDEX objects_due (due<?)",
		"sqlAnyDue":     "SEARCH objects USING INDEX objects_due (due<?)",
		"sqlNextDue":    "SEARCH objects USING INDEX objects_due (due>?)",
		"sqlVersions":   "SEARCH v USING PRIMARY KEY (vault=? AND key=? AND object=? AND id>?)",
		"sqlAnyLease":   "SEARCH objects USING COVERING INDEX objects_leased (leased_until>?)",
		"sqlFreeAll":    "SEARCH objects USING INDEX objects_leased (leased_until>?)",
	}
	// Their second steps: no list of versions or page of objects reads a body.
	seconds := map[string]string{
		"sqlObjects": "SEARCH v USING PRIMARY KEY (vault=? AND key=? AND object=? AND id=?) LEFT-JOIN",
	}
	s := openInside(t)
	for name, text := range statements {
		args := make([]any, len(slices.Compact(slices.Sorted(slices.Values(regexp.MustCompile(`\$\d+`).FindAllString(text, -1))))))
		for i := range args {
			args[i] = "x"
		}
		steps := plan(t, s, text, args)
		if plain := strings.HasPrefix(text, "INSERT INTO") && !strings.Contains(text, "SELECT"); plain != (len(steps) == 0) {
			t.Errorf("%s: %d steps", name, len(steps))
		}
		if want := lists[name]; want != "" && steps[0] != want {
			t.Errorf("%s: %s, want %s", name, steps[0], want)
		}
		if merged := []string{"MERGE (UNION ALL)", "LEFT", lists["sqlObjects"], seconds["sqlObjects"], "RIGHT", lists["sqlObjects"], seconds["sqlObjects"]}; name == "sqlObjectsAll" && !slices.Equal(steps, merged) {
			t.Errorf("%s: %q, want %q", name, steps, merged)
		}
		if want := seconds[name]; want != "" && steps[1] != want {
			t.Errorf("%s: then %s, want %s", name, steps[1], want)
		}
		for _, step := range steps {
			if strings.Contains(step, "TEMP B-TREE") || strings.Contains(step, "SCAN") && step != walks[name] {
				t.Errorf("%s: %s", name, step)
			}
		}
	}
}

func plan(t *testing.T, s *Store, text string, args []any) (steps []string) {
	t.Helper()
	rows, err := s.db.Query("EXPLAIN QUERY PLAN "+text, args...)
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	defer rows.Close()
	for rows.Next() {
		var a, b, c int
		var step string
		if err := rows.Scan(&a, &b, &c, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	return steps
}

// What a connection must be set to, on the writer and on each reader.
func TestConnectionsAreSetUp(t *testing.T) {
	t.Parallel()
	s := openInside(t)
	reader, err := newSession(context.Background(), s.db, &sqlite, sqlite.setup, sqlite.views)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.close()
	for name, conn := range map[string]*sql.Conn{"writer": s.writer.session.conn, "reader": reader.conn} {
		for pragma, want := range map[string]string{
			"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000",
			"page_size": "4096", "secure_delete": "1", "wal_autocheckpoint": "65536", "mmap_size": "0",
		} {
			var got string
			if err := conn.QueryRowContext(context.Background(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s: %s = %s (%v), want %s", name, pragma, got, err, want)
			}
		}
	}
}

// newestMigration is the number of the last one of every engine.
const newestMigration = 11

// Migrations are numbered from 1 without a gap: their number is the version.
// PostgreSQL begins at the eighth, and goes on in step: one number, one meaning.
func TestMigrationsAreNumbered(t *testing.T) {
	t.Parallel()
	folders, err := fs.ReadDir(migrations, "migrations")
	if err != nil || len(folders) == 0 {
		t.Fatalf("%v, %v", folders, err)
	}
	for _, folder := range folders {
		files, err := fs.Glob(migrations, "migrations/"+folder.Name()+"/*.sql")
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", folder.Name(), files, err)
		}
		first := map[string]int{"sqlite": 1, "postgres": 8}[folder.Name()]
		if last := first + len(files) - 1; last != newestMigration {
			t.Errorf("%s ends at %d, want %d", folder.Name(), last, newestMigration)
		}
		for i, file := range files {
			if want := fmt.Sprintf("%05d_", i+first); !strings.HasPrefix(filepath.Base(file), want) {
				t.Errorf("%s, want it to begin with %s", file, want)
			}
		}
	}
}
