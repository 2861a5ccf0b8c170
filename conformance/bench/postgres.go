package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"certwright/internal/seal"
)

// errNoPostgres says why rows are missing.
var errNoPostgres = errors.New("no PostgreSQL: set CERTWRIGHT_POSTGRES to its URL, as .ci/postgres prints it")

const creators = 16

const onPostgres = "P-256 Self by serve on PostgreSQL, create and first GET, 16 callers"

// postgres measures certificates as they are made where the store is PostgreSQL:
// by a production server, beside the same with SQLite, and beside connections
// that do nothing but write the same rows.
func postgres(s *stand) ([]row, error) {
	d, err := s.database()
	if errors.Is(err, errNoPostgres) {
		return []row{{What: onPostgres, Absent: err.Error()}}, nil
	}
	if err != nil {
		return nil, err
	}
	rows, err := s.one(d)
	if err != nil {
		return nil, err
	}
	more, err := s.two(d)
	return append(rows, more...), err
}

// one measures one server.
func (s *stand) one(d *database) ([]row, error) {
	here, err := s.sharing(d, "pg")
	if err != nil {
		return nil, err
	}
	defer here.process.Kill()
	lite, err := s.production("lite", serving)
	if err != nil {
		return nil, err
	}
	defer lite.process.Kill()
	for _, v := range []*server{here, lite} { // which make keys first
		quiet(v.pid, rest)
	}
	r, err := d.record(here)
	if err != nil {
		return nil, fmt.Errorf("record a create: %w", err)
	}
	ours, err := here.contender("serve on PostgreSQL", creators, creating(selfEC))
	theirs, failed := lite.contender("serve on SQLite", creators, creating(selfEC))
	if err := errors.Join(err, failed); err != nil {
		return nil, err
	}
	group, err := d.grouped(ours)
	if err != nil {
		return nil, err
	}
	apart, err := d.beside()
	if err != nil {
		return nil, err
	}
	each, err := apart.bare(r, creators, 1)
	if err != nil {
		return nil, err
	}
	together, err := apart.bare(r, 2, group)
	if err != nil {
		return nil, err
	}
	l, err := d.lift(here)
	if err != nil {
		return nil, fmt.Errorf("read a create: %w", err)
	}
	store, end, err := d.storing(l, creators)
	if err != nil {
		return nil, err
	}
	defer end()
	got, err := s.inTurn(ours, theirs, each, together, store)
	if err != nil {
		return nil, err
	}
	pg, sqlite, alone, grouped, stored := got[0], got[1], got[2], got[3], got[4]
	return []row{
		atLeast(0.7, ratio(pg.rates, alone.rates), onPostgres+", beside bare connections that write the same rows, two transactions for each", ">= 0.7",
			"%.2f: %.0f/s, %.2f ms of CPU of the server and %.2f of PostgreSQL for each, beside %.0f/s, %.2f of PostgreSQL", ratio(pg.rates, alone.rates), median(pg.rates), median(pg.cpu), median(pg.beside), median(alone.rates), median(alone.beside)),
		atLeast(0.7, ratio(pg.rates, grouped.rates), fmt.Sprintf("the same beside bare connections that make as many commits as the server does, %d certificates in each", group), ">= 0.7",
			"%.2f: beside %.0f/s, %.2f ms of CPU of PostgreSQL for each", ratio(pg.rates, grouped.rates), median(grouped.rates), median(grouped.beside)),
		atLeast(400, median(pg.rates), "the same, certificates a second", ">= 400", "%.0f (%s)", median(pg.rates), list(pg.rates)),
		atLeast(0.7, ratio(stored.rates, alone.rates), "the server's store alone, told the same by 16 callers, beside bare connections", ">= 0.7", "%.2f: %.0f/s, %.2f ms of CPU of PostgreSQL for each; %.2f beside those that make fewer commits",
			ratio(stored.rates, alone.rates), median(stored.rates), median(stored.beside), ratio(stored.rates, grouped.rates)),
		{What: "the same beside SQLite", Now: fmt.Sprintf("%.2f: %.0f/s, %.2f ms of CPU of the server for each", ratio(pg.rates, sqlite.rates), median(sqlite.rates), median(sqlite.cpu))},
	}, nil
}

// two measures one server beside two, all of them on one core and PostgreSQL on
// another.
func (s *stand) two(d *database) ([]row, error) {
	const what = "two servers beside one, PostgreSQL on a core of its own, 32 callers"
	unpin, err := pin(d.postmaster)
	if err != nil {
		return []row{{What: what, Bar: ">= 1.6x", Absent: err.Error()}}, nil
	}
	defer unpin()
	var callers []*caller
	var first *server
	for i := range 2 {
		v, err := s.sharing(d, fmt.Sprint("pinned-", i))
		if err != nil {
			return nil, err
		}
		defer v.process.Kill()
		quiet(v.pid, rest)
		all, err := v.callers(2 * creators)
		if err != nil {
			return nil, err
		}
		if callers = append(callers, all...); i == 0 {
			first = v
		}
	}
	single := &contender{name: "one server", pid: first.pid, postmaster: d.postmaster, callers: callers[:2*creators], do: creating(selfEC)}
	double := &contender{name: "two servers", pid: first.pid, postmaster: d.postmaster, callers: callers[creators : 3*creators], do: creating(selfEC)}
	got, err := s.inTurn(single, double)
	if err != nil {
		return nil, err
	}
	one, both := got[0], got[1]
	return []row{atLeast(1.6, ratio(both.rates, one.rates), what, ">= 1.6x", "%.2fx: %.0f/s beside %.0f/s; of its core PostgreSQL used %.0f %% and %.0f %%", ratio(both.rates, one.rates),
		median(both.rates), median(one.rates), median(both.beside)*median(both.rates)/10, median(one.beside)*median(one.rates)/10)}, nil
}

// serveOn is the configuration of a production server with another store.
func serveOn(url string) string { return serving + "store: \"" + url + "\"\n" }

// sharing starts a production server on a database, with the keyset of the first one.
func (s *stand) sharing(d *database, name string) (*server, error) {
	folder := filepath.Join(s.folder, name)
	keyset := filepath.Join(folder, seal.File)
	if d.keyset != nil {
		if err := errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(keyset, d.keyset, 0o600)); err != nil {
			return nil, err
		}
	}
	v, err := s.production(name, serveOn(d.url))
	if err != nil {
		return nil, err
	}
	v.postmaster = d.postmaster
	d.keyset, err = os.ReadFile(keyset)
	return v, err
}

// A database is a schema on a PostgreSQL server.
type database struct {
	url, name  string // with the schema, and its
	admin      *pgx.Conn
	postmaster int    // 0: it runs elsewhere
	keyset     []byte // of the servers; nil before the first
}

// database makes a schema, which ends with the stand.
func (s *stand) database() (*database, error) {
	server := cmp.Or(strings.Fields(os.Getenv("CERTWRIGHT_POSTGRES"))...)
	if server == "" {
		return nil, errNoPostgres
	}
	sep := "?"
	if strings.Contains(server, "?") {
		sep = "&"
	}
	name := fmt.Sprint("bench_", os.Getpid())
	d := &database{url: server + sep + "search_path=" + name, name: name}
	ctx := context.Background()
	var err error
	if d.admin, err = pgx.Connect(ctx, d.url); err != nil {
		return nil, err
	}
	d.postmaster = parent(int(d.admin.PgConn().PID()))
	s.ends = append(s.ends, func() {
		_, _ = d.admin.Exec(ctx, "DROP SCHEMA IF EXISTS "+name+", "+name+"_bare, "+name+"_store CASCADE")
		_ = d.admin.Close(ctx)
	})
	_, err = d.admin.Exec(ctx, "CREATE SCHEMA "+name)
	return d, err
}

// grouped is how many certificates a server begins and ends with two commits when
// as many callers ask as they will.
func (d *database) grouped(c *contender) (int, error) {
	count := func() (n float64, err error) {
		return n, d.admin.QueryRow(context.Background(), "SELECT count(*) FROM "+proofs).Scan(&n)
	}
	before, err := count()
	if err != nil {
		return 0, err
	}
	start := made.Load()
	if _, err := c.run(time.Second); err != nil {
		return 0, err
	}
	after, err := count()
	return max(1, int(float64(made.Load()-start)*2/max(after-before, 1)+0.5)), err
}
