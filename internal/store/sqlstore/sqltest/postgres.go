package sqltest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"certwright/internal/must"
)

// Postgres returns the URLs of the PostgreSQL servers that tests may use,
// $CERTWRIGHT_POSTGRES, separated by spaces.
func Postgres(t testing.TB) []string {
	t.Helper()
	urls := strings.Fields(os.Getenv("CERTWRIGHT_POSTGRES"))
	if len(urls) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("there is no PostgreSQL: set CERTWRIGHT_POSTGRES to its URL")
		}
		t.Skip("NOT PROVED on PostgreSQL: set CERTWRIGHT_POSTGRES to the URL of a server, as .ci/postgres prints it")
	}
	return urls
}

// A Schema is an empty schema on a server, which ends with its test.
type Schema struct {
	URL   string    // of stores in it
	Name  string    // also of the connections to URL
	Admin *pgx.Conn // another connection to it
}

var schemas atomic.Int64

// NewSchema makes one on a server of Postgres.
func NewSchema(t testing.TB, server string) Schema {
	t.Helper()
	s := Schema{Name: fmt.Sprintf("t%d_%d", os.Getpid(), schemas.Add(1))}
	sep := "?"
	if strings.Contains(server, "?") {
		sep = "&"
	}
	s.URL = server + sep + "search_path=" + s.Name + "&application_name=" + s.Name
	var err error
	s.Admin, err = pgx.Connect(t.Context(), server+sep+"search_path="+s.Name)
	must.Do(t, err)
	_, err = s.Admin.Exec(t.Context(), "CREATE SCHEMA "+s.Name)
	must.Do(t, err)
	t.Cleanup(func() {
		ctx := context.Background()
		_, _ = s.Admin.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", s.Name)
		_, _ = s.Admin.Exec(ctx, "DROP SCHEMA "+s.Name+" CASCADE")
		_ = s.Admin.Close(ctx)
	})
	return s
}

// WithClock has the clock of the database be so far ahead of its machine's, for
// connections to the URL that it returns.
func (s Schema) WithClock(t testing.TB, d time.Duration) (url string) {
	t.Helper()
	for name, kind := range map[string]string{"now": "STABLE", "clock_timestamp": "VOLATILE"} {
		_, err := s.Admin.Exec(t.Context(), fmt.Sprintf("CREATE FUNCTION %s.%s() RETURNS timestamptz LANGUAGE sql %s AS $$ SELECT pg_catalog.%[2]s() + interval '%[4]d s' $$",
			s.Name, name, kind, int(d.Seconds())))
		must.Do(t, err)
	}
	return strings.Replace(s.URL, "search_path="+s.Name, "search_path="+s.Name+",pg_catalog", 1)
}

// Cut ends the connections of stores in the schema, and returns how many there were.
func (s Schema) Cut(ctx context.Context) (int, error) {
	tag, err := s.Admin.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", s.Name)
	return int(tag.RowsAffected()), err
}
