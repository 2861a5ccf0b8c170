package sqlstore_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/files"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
	"certwright/internal/store/sqlstore/sqltest"
)

// A passfile is one of a test's, with a line and a mode.
func passfile(t *testing.T, line string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pgpass")
	must.Do(t, files.Replace(path, []byte(line+"\n"), 0o600))
	must.Do(t, os.Chmod(path, mode))
	return path
}

// A database that shows a certificate and wants a password is opened by what
// docs/cluster.md says; what does not fit is refused, and each refusal leads out.
func TestPostgresByTLSAndPassfile(t *testing.T) {
	t.Parallel()
	db := sqltest.NewServer(t, sqltest.WithTLS(t))
	ca := db.UseTLS("localhost", "s3:cret")
	_, stranger := sqltest.Root(t)
	line := "localhost:" + db.Port + `:postgres:certwright:s3\:cret`
	right := passfile(t, line, 0o600)
	open := func(host string, settings ...string) error {
		q := url.Values{}
		for i := 0; i < len(settings); i += 2 {
			q.Set(settings[i], settings[i+1])
		}
		s, err := sqlstore.OpenPostgres(t.Context(), fmt.Sprintf("postgres://certwright@%s:%s/postgres?%s", host, db.Port, q.Encode()))
		if err == nil {
			must.Do(t, countUp(t.Context(), s, sink(1)))
			must.Do(t, s.Close())
		}
		return err
	}
	must.Do(t, open("localhost", "sslmode", "verify-full", "sslrootcert", ca, "passfile", right))
	for what, c := range map[string]struct {
		err  error
		want []string
	}{
		"another name":           {open("127.0.0.1", "sslmode", "verify-full", "sslrootcert", ca, "passfile", passfile(t, strings.Replace(line, "localhost", "*", 1), 0o600)), []string{"certificate of another name", "host in the URL"}},
		"another authority":      {open("localhost", "sslmode", "verify-full", "sslrootcert", stranger, "passfile", right), []string{"authority that is not trusted", "sslrootcert="}},
		"no authority":           {open("localhost", "sslmode", "verify-full", "sslrootcert", "/nowhere.pem", "passfile", right), []string{"/nowhere.pem", "hint: "}},
		"no TLS":                 {open("localhost", "sslmode", "disable", "passfile", right), []string{"sslmode", "pg_hba.conf"}},
		"another password":       {open("localhost", "sslmode", "verify-full", "sslrootcert", ca, "passfile", passfile(t, strings.Replace(line, "s3", "s4", 1), 0o600)), []string{"password authentication failed", "HOST:PORT:DATABASE:USER:PASSWORD"}},
		"no line of it":          {open("localhost", "sslmode", "verify-full", "sslrootcert", ca, "passfile", passfile(t, "db.example:5432:*:*:x", 0o600)), []string{"HOST:PORT:DATABASE:USER:PASSWORD"}},
		"a passfile for all":     {open("localhost", "sslmode", "verify-full", "sslrootcert", ca, "passfile", passfile(t, line, 0o644)), []string{"open to other users", "chmod 600 "}},
		"a passfile that is not": {open("localhost", "sslmode", "verify-full", "sslrootcert", ca, "passfile", "/nowhere/pgpass"), []string{"/nowhere/pgpass is not there", "HOST:PORT:DATABASE:USER:PASSWORD"}},
		"another database":       {openDatabase(t, db, ca, right), []string{"does not exist", "createdb "}},
	} {
		if c.err == nil {
			t.Errorf("%s: it is opened", what)
			continue
		}
		text := c.err.Error()
		for _, part := range append(c.want, "\nhint: ") {
			if !strings.Contains(text, part) {
				t.Errorf("%s: it says %q, want %q", what, text, part)
			}
		}
		if strings.Contains(text, "cret") || strings.Count(text, "hint: ") != 1 {
			t.Errorf("%s: it says %q", what, text)
		}
	}
}

// openDatabase opens one that is not there.
func openDatabase(t *testing.T, db *sqltest.Server, ca, pass string) error {
	t.Helper()
	must.Do(t, files.Replace(pass, []byte("localhost:"+db.Port+`:*:certwright:s3\:cret`+"\n"), 0o600))
	_, err := sqlstore.OpenPostgres(t.Context(), fmt.Sprintf("postgres://certwright@localhost:%s/none?sslmode=verify-full&sslrootcert=%s&passfile=%s", db.Port, url.QueryEscape(ca), url.QueryEscape(pass)))
	return err
}
