package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
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

// Every statement finds its rows by an index, in the order wanted: none reads
// or sorts a whole table, so none grows with the database.
func TestStatementsUseIndexes(t *testing.T) {
	t.Parallel()
	statements := map[string]string{
		"object": sqlObject, "version": sqlVersion, "versions": sqlVersions, "objects": sqlObjects,
		"operation": sqlOperation, "underway": sqlUnderway, "issuer": sqlIssuer, "issuers": sqlIssuers, "contacts": sqlContacts,
		"outbox": sqlOutbox, "account": sqlAccount, "setting": sqlSetting, "job": sqlJob, "next due": sqlNextDue,
		"update object": sqlUpdateObject, "delete policy": sqlDeletePolicy, "has version": sqlHasVersion,
		"update version": sqlUpdateVersion, "delete body": sqlDeleteBody, "delete version": sqlDeleteVersion,
		"purge bodies": sqlPurgeBodies, "purge versions": sqlPurgeVersions, "purge object": sqlPurgeObject,
		"purge jobs": sqlPurgeJobs, "delete operation": sqlDeleteOperation, "update operation": sqlUpdateOperation,
		"delete issuer": sqlDeleteIssuer, "delete contacts": sqlDeleteContacts, "delete job": sqlDeleteJob,
		"queue": sqlQueue, "heads": sqlHeads, "drop messages": sqlDropMessages, "life": sqlSchedule, "purge life": sqlPurgeSchedule,
		"finish": sqlFinishJob, "put message": sqlPutMessage, "update account": sqlUpdateAccount,
		"due jobs": sqlDueJobs, "any due": sqlAnyDue, "free job": sqlFreeJob, "lease": sqlLease, "extend": sqlExtend,
		"failed": sqlFailed, "next vault": sqlNextVault, "count": sqlCount, "any lease": sqlAnyLease, "free all": sqlFreeAll,
		"pull jobs": sqlPullJobs, "pull messages": sqlPullMessages,
	}
	// Those that walk an index in its order may start at its beginning.
	walks := map[string]string{"pull messages": "SCAN outbox USING INDEX outbox_due", "next due": "SCAN jobs USING INDEX jobs_due", "count": "SCAN (subquery-1)"}
	// Lists are bound on both sides: another index would find the rows too, past
	// all that do not belong to the list.
	lists := map[string]string{
		"objects":  "SEARCH o USING PRIMARY KEY (vault=? AND kind=? AND shelf=? AND key>?)",
		"object":   "SEARCH o USING INDEX objects_key (vault=? AND kind=? AND key=?)",
		"versions": "SEARCH v USING PRIMARY KEY (vault=? AND kind=? AND key=? AND id>?)",
		"issuers":  "SEARCH issuers USING INDEX sqlite_autoindex_issuers_1 (vault=? AND key>?)",
		"outbox":   "SEARCH outbox USING INDEX outbox_state (sink=? AND state=? AND seq>?)",
		"underway": "SEARCH operations USING INDEX operations_underway ((vault,key)>(?,?) AND vault<?)",
		"failed":   "SEARCH operations USING INDEX operations_failed ((vault,key)>(?,?))",
		"count":    "CO-ROUTINE (subquery-1)",
		"queue":    "SEARCH outbox USING INDEX outbox_due (sink=?)",
		"heads":    "SEARCH o USING INDEX objects_key ((vault,kind,key)>(?,?,?))",
		"due jobs": "SEARCH jobs USING INDEX jobs_due (due<?)",
	}
	s := openInside(t)
	for name, text := range statements {
		args := make([]any, len(slices.Compact(slices.Sorted(slices.Values(regexp.MustCompile(`\$\d+`).FindAllString(text, -1))))))
		for i := range args {
			args[i] = "x"
		}
		steps := plan(t, s, text, args)
		if want := lists[name]; want != "" && steps[0] != want {
			t.Errorf("%s: %s, want %s", name, steps[0], want)
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
	if len(steps) == 0 {
		t.Errorf("no plan for %s", text)
	}
	return steps
}

// What a connection must be set to, on the writer and on each reader.
func TestConnectionsAreSetUp(t *testing.T) {
	t.Parallel()
	s := openInside(t)
	reader, err := newSession(context.Background(), s.db, sqlite.setup, sqlite.views)
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

// Migrations are numbered from 1 without a gap: their number is the version.
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
		for i, file := range files {
			if want := fmt.Sprintf("%05d_", i+1); !strings.HasPrefix(filepath.Base(file), want) {
				t.Errorf("%s, want it to begin with %s", file, want)
			}
		}
	}
}
