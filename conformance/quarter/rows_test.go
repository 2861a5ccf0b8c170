package quarter_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

// rows is the database, looked at beside the servers.
type rows struct {
	db     *sql.DB
	shared bool
	folder string
	master int // the process of PostgreSQL's that began the others; 0: not on this machine
}

func openRows(t *testing.T, url, folder string) rows {
	t.Helper()
	r := rows{shared: url != "", folder: folder}
	driver, name := "sqlite", "file:"+filepath.Join(folder, "certwright.db")+"?mode=ro"
	if r.shared {
		driver, name = "pgx", url
	}
	var err error
	if r.db, err = sql.Open(driver, name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.db.Close() })
	if r.shared {
		backend := int(r.number(t, "SELECT pg_backend_pid()"))
		if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", backend)); err == nil && strings.Contains(string(text), "(postgres)") {
			r.master, _ = strconv.Atoi(fields(string(text))[1])
		}
	}
	return r
}

func (r rows) number(t *testing.T, query string) (n float64) {
	t.Helper()
	if err := r.db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func (r rows) engine(t *testing.T) string {
	if !r.shared {
		return "SQLite"
	}
	var text string
	if err := r.db.QueryRowContext(t.Context(), "SELECT split_part(version(), ' on ', 1) || ', fsync ' || current_setting('fsync') || ', shared_buffers ' || current_setting('shared_buffers')").Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

// tidy is what autovacuum does soon after so many rows were put.
func (r rows) tidy(t *testing.T) {
	t.Helper()
	if !r.shared {
		return
	}
	if _, err := r.db.ExecContext(t.Context(), "VACUUM ANALYZE"); err != nil {
		t.Fatal(err)
	}
}

// size tells what the tables take.
func (r rows) size(t *testing.T) string {
	t.Helper()
	if !r.shared {
		return fmt.Sprintf("database %.0f MB", float64(r.bytes(t))/1e6)
	}
	all, err := r.db.QueryContext(t.Context(), `SELECT c.relname, pg_table_size(c.oid), pg_indexes_size(c.oid) FROM pg_class c
WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND pg_total_relation_size(c.oid) > 1000000 ORDER BY 2 DESC`)
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	text := fmt.Sprintf("database %.0f MB", float64(r.bytes(t))/1e6)
	for all.Next() {
		var name string
		var table, indexes float64
		if err := all.Scan(&name, &table, &indexes); err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintf(", %s %.0f+%.0f", name, table/1e6, indexes/1e6)
	}
	return text
}

func (r rows) bytes(t *testing.T) (n int64) {
	t.Helper()
	if !r.shared {
		for _, name := range []string{"certwright.db", "certwright.db-wal"} {
			if i, err := os.Stat(filepath.Join(r.folder, name)); err == nil {
				n += i.Size()
			}
		}
		return n
	}
	return int64(r.number(t, "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"))
}

// wal is how many bytes PostgreSQL has written to its log.
func (r rows) wal(t *testing.T) float64 {
	if !r.shared {
		return 0
	}
	return r.number(t, "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
}

// renewed counts versions, and the certificates that have two.
func (r rows) renewed(t *testing.T) (versions, once int) {
	t.Helper()
	return int(r.number(t, "SELECT count(*) FROM versions")),
		int(r.number(t, "SELECT count(*) FROM (SELECT 1 FROM versions GROUP BY object HAVING count(*) = 2) AS twice"))
}

const tick = 10 * time.Millisecond // of the times in /proc/PID/stat

// cpu is what PostgreSQL's processes used, those that ended too.
func (r rows) cpu() (used time.Duration) {
	if r.master == 0 {
		return 0
	}
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range all {
		text, err := os.ReadFile(path)
		f := fields(string(text))
		if err != nil || len(f) < 16 {
			continue
		}
		times := f[11:13] // its own
		if path == fmt.Sprintf("/proc/%d/stat", r.master) {
			times = f[11:15] // and that of its children that are gone
		} else if f[1] != strconv.Itoa(r.master) {
			continue
		}
		for _, n := range times {
			ticks, _ := strconv.Atoi(n)
			used += time.Duration(ticks) * tick
		}
	}
	return used
}

// fields are those of a line of /proc/PID/stat after the command's name.
func fields(text string) []string {
	_, rest, _ := strings.Cut(text, ") ")
	return strings.Fields(rest)
}
