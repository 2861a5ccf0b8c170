package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"certwright/internal/vault"
)

// A recording is what a create and the GET that ends it wrote, as rows: what
// bare connections write again under other names.
type recording struct {
	name string // of the certificate
	made []written
	done []written
}

// A written row is one that a transaction left, as PostgreSQL sends it.
type written struct {
	table   string
	columns []string
	values  [][]byte
}

const replayed = "recorded"

// record has a certificate made and keeps what was written.
func (d *database) record(v *server) (*recording, error) {
	all, err := v.callers(1)
	if err != nil {
		return nil, err
	}
	r := &recording{name: replayed}
	if r.made, err = d.watched(func() error {
		return all[0].send("POST", "/certificates/"+replayed+"/create", selfEC, 202)
	}); err != nil {
		return nil, err
	}
	r.done, err = d.watched(func() error { return all[0].send("GET", "/certificates/"+replayed+"/pending", "", 200) })
	return r, err
}

// watched returns the rows that were written while something was done.
func (d *database) watched(do func() error) (all []written, err error) {
	ctx := context.Background()
	var before string
	if err := d.admin.QueryRow(ctx, "SELECT CAST(pg_current_xact_id() AS TEXT)").Scan(&before); err != nil {
		return nil, err
	}
	if err := do(); err != nil {
		return nil, err
	}
	tables, err := d.tables()
	if err != nil {
		return nil, err
	}
	for _, t := range tables {
		text := fmt.Sprintf("SELECT %s FROM %s WHERE CAST(CAST(xmin AS TEXT) AS BIGINT) > %s", strings.Join(t.columns, ", "), t.name, before)
		got := d.admin.PgConn().ExecParams(ctx, text, nil, nil, nil, []int16{1}).Read()
		if got.Err != nil {
			return nil, got.Err
		}
		for _, values := range got.Rows {
			all = append(all, written{t.name, t.columns, values})
		}
	}
	return all, nil
}

// A table is one of the schema, with the columns that writers give.
type table struct {
	name    string
	columns []string
}

// Those that the database fills in are left out.
const readTables = `SELECT c.table_name, array_agg(c.column_name ORDER BY c.ordinal_position)
FROM information_schema.columns c WHERE c.table_schema = current_schema() AND c.is_identity = 'NO' AND c.column_default IS NULL
GROUP BY c.table_name ORDER BY c.table_name = 'versions', c.table_name = 'objects', c.table_name`

// tables lists them, in an order in which rows can be written again.
func (d *database) tables() (all []table, err error) {
	rows, err := d.admin.Query(context.Background(), readTables)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (t table, err error) {
		err = r.Scan(&t.name, &t.columns)
		return t, err
	})
}

// A replayer is a connection that writes a recording again and again.
type replayer struct {
	pg    *pgconn.PgConn
	of    *recording
	known map[string]*pgconn.StatementDescription
}

// replay writes a group of creates, then the ends of all of them: two
// transactions, each sent at once.
func (p *replayer) replay(names []string) error {
	objects, err := p.transaction(names, p.of.made, nil)
	if err != nil {
		return err
	}
	_, err = p.transaction(names, p.of.done, objects)
	return err
}

const readObject = "SELECT * FROM objects WHERE vault = $1 AND key = $2 AND kind = $3"

// transaction reads each object, and writes rows under each of the names in one
// transaction. It returns the numbers of the objects.
func (p *replayer) transaction(names []string, rows []written, objects [][]byte) (numbers [][]byte, err error) {
	at, made := objectOf(rows), objectOf(p.of.made)
	reads := &pipe{of: p}
	for _, name := range names {
		reads.send(readObject, [][]byte{at.value("vault"), []byte(name), at.value("kind")})
	}
	if _, err := reads.end(); err != nil {
		return nil, err
	}
	all := &pipe{of: p}
	all.send("BEGIN", nil)
	for i, name := range names {
		var number []byte
		if objects != nil {
			number = objects[i]
		}
		for _, w := range rows {
			if w.table != proofs || i == 0 { // one for all
				w.send(all, p.of.name, name, number, made.value("rev"))
			}
		}
	}
	all.send("COMMIT", nil)
	return all.end()
}

// proofs is the table that has a row for each transaction.
const proofs = "commits"

// objectOf is the row of the object itself.
func objectOf(rows []written) written {
	return rows[slices.IndexFunc(rows, func(w written) bool { return w.table == "objects" })]
}

// send writes a row under another name. Of an object that is there already, number
// is its, and the write is an update of the revision that it had.
func (w written) send(to *pipe, was, name string, number, rev []byte) {
	var args [][]byte
	bind := func(v []byte) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	places := map[string]string{}
	for i, c := range w.columns {
		switch {
		case w.table == "versions" && c == "body":
			places[c] = "lastval()"
		case w.table == "versions" && c == "object":
			places[c] = bind(number)
		case w.table == "commits" && c == "id":
			places[c] = bind([]byte(vault.NewID()))
		case string(w.values[i]) == was:
			places[c] = bind([]byte(name))
		default:
			places[c] = bind(w.values[i])
		}
	}
	var into, sets []string
	for _, c := range w.columns {
		into, sets = append(into, places[c]), append(sets, c+" = "+places[c])
	}
	switch {
	case w.table == "objects" && number != nil:
		to.send(fmt.Sprintf("UPDATE objects SET %s WHERE vault = %s AND key = %s AND kind = %s AND rev = %s", strings.Join(sets, ", "),
			places["vault"], places["key"], places["kind"], bind(rev)), args)
	case w.table == "objects":
		to.send(fmt.Sprintf("INSERT INTO objects (%s) VALUES (%s) RETURNING id", strings.Join(w.columns, ", "), strings.Join(into, ", ")), args)
	default:
		to.send(fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", w.table, strings.Join(w.columns, ", "), strings.Join(into, ", ")), args)
	}
}

func (w written) value(column string) []byte { return w.values[slices.Index(w.columns, column)] }

// A pipe sends statements and reads their answers at the end.
type pipe struct {
	of   *replayer
	pg   *pgconn.Pipeline
	sent int
	got  [][]byte // numbers so far
	err  error
}

// send sends a statement, prepared at its first use.
func (p *pipe) send(text string, values [][]byte) {
	ctx := context.Background()
	d := p.of.known[text]
	if d == nil { // at first, before anything is under way
		if p.pg != nil {
			_, p.err = p.end()
		}
		if p.err != nil {
			return
		}
		name := "s" + strconv.Itoa(len(p.of.known))
		if d, p.err = p.of.pg.Prepare(ctx, name, text, nil); p.err != nil {
			return
		}
		p.of.known[text] = d
	}
	if p.err != nil {
		return
	}
	if p.pg == nil {
		p.pg = p.of.pg.StartPipeline(ctx)
	}
	p.pg.SendQueryStatement(d, values, []int16{1}, []int16{1})
	p.sent++
}

// end waits for all answers and returns the numbers among them.
func (p *pipe) end() (numbers [][]byte, err error) {
	if p.err != nil {
		return nil, p.err
	}
	if err := p.pg.Sync(); err != nil {
		return nil, err
	}
	for range p.sent {
		got, err := p.pg.GetResults()
		if err != nil {
			_ = p.pg.Close()
			return nil, err
		}
		r := got.(*pgconn.ResultReader).Read()
		if r.Err != nil {
			_ = p.pg.Close()
			return nil, r.Err
		}
		if len(r.Rows) == 1 && len(r.Rows[0]) == 1 {
			p.got = append(p.got, r.Rows[0][0])
		}
	}
	err = p.pg.Close()
	p.pg, p.sent = nil, 0
	return p.got, err
}

// beside makes a schema with the same tables, for rows that no server shall find.
func (d *database) beside() (*database, error) {
	ctx := context.Background()
	other := &database{url: strings.Replace(d.url, "search_path="+d.name, "search_path="+d.name+"_bare", 1), name: d.name + "_bare", admin: d.admin, postmaster: d.postmaster}
	tables, err := d.tables()
	if err != nil {
		return nil, err
	}
	text := "CREATE SCHEMA " + other.name
	for _, t := range tables {
		text += fmt.Sprintf("; CREATE TABLE %s.%s (LIKE %s INCLUDING ALL)", other.name, t.name, t.name)
	}
	_, err = d.admin.Exec(ctx, text)
	return other, err
}

// bare is a contender of connections that replay a recording, a group of creates
// in each transaction.
func (d *database) bare(r *recording, connections, group int) (*contender, error) {
	c := &contender{name: "bare connections", pid: os.Getpid(), postmaster: d.postmaster, times: group}
	all := map[*caller]*replayer{}
	for range connections {
		pg, err := pgconn.Connect(context.Background(), d.url)
		if err != nil {
			return nil, err
		}
		it := &caller{}
		c.callers, all[it] = append(c.callers, it), &replayer{pg: pg, of: r, known: map[string]*pgconn.StatementDescription{}}
	}
	c.do = func(it *caller) error {
		names := make([]string, group)
		for i := range names {
			names[i] = "b-" + strconv.FormatInt(made.Add(1), 10)
		}
		return all[it].replay(names)
	}
	return c, nil
}
