package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// A database moves to another engine row by row: seals are bound to the places of
// values, and MACs to the values of rows, and neither to an engine. Numbers stay
// as they are, and those that were given out once are not given again.

const (
	movePage   = 200    // rows that are read at a time
	moveAtOnce = 20     // and written by one statement
	moveCommit = 10_000 // after which SQLite commits, whose log would grow with all of them
)

// ErrNotEmpty says that there are data where others were to be put.
var ErrNotEmpty = errors.New("there are data in the database already\nhint: name an empty database, or another schema of it by search_path")

// CopyPostgres copies the database at a URL, as it is at one moment, into the new
// SQLite file to, of mode 0600, and is done when it is on the disk. Servers may
// write meanwhile. progress is told of rows, and may be nil.
func CopyPostgres(ctx context.Context, url, to string, progress func(done, all int)) (err error) {
	source, err := Postgres(url)
	if err != nil {
		return err
	}
	defer source.Close()
	defer func() {
		if err != nil {
			err = fmt.Errorf("copy the database: %w", err)
		}
	}()
	from, err := newSession(ctx, source, &postgres, postgres.setup, []string{"SET statement_timeout = 0"}) // rows are counted
	if err != nil {
		return err
	}
	defer from.close()
	if err := current(ctx, from, postgres); err != nil {
		return err
	}
	if _, err := from.exec(postgres.view); err != nil {
		return fmt.Errorf("begin a snapshot: %w", err)
	}
	if err := createPrivate(to); err != nil {
		return err
	}
	target, err := sql.Open("sqlite", dsn(to))
	if err != nil {
		return err
	}
	defer target.Close()
	target.SetMaxIdleConns(0)
	return moved(ctx, from, target, sqlite, progress, func() error { return nil })
}

// FillPostgres puts all rows of a SQLite file, which nobody uses, into the empty
// database at a URL: all of them or none. last is called before they are
// committed, and none stays after its error.
func FillPostgres(ctx context.Context, path, url string, progress func(done, all int), last func() error) error {
	target, err := Postgres(url)
	if err != nil {
		return err
	}
	defer target.Close()
	err = reading(ctx, path, "mode=ro", func(from *session) error {
		if err := current(ctx, from, sqlite); err != nil {
			return err
		}
		if _, err := from.exec(sqlite.view); err != nil {
			return fmt.Errorf("begin a snapshot: %w", err)
		}
		return moved(ctx, from, target, postgres, progress, last)
	})
	if err != nil {
		err = fmt.Errorf("fill the database: %w", err)
	}
	return err
}

// errBeyond says that a database has what this program knows nothing of, and
// would leave behind.
var errBeyond = errors.New("the database was brought up to date by a newer program: this one would not copy all of it\nhint: do it with the newer certwright")

// current refuses a database whose schema is not this program's.
func current(ctx context.Context, s *session, d dialect) error {
	found, err := d.inspect(ctx, s)
	if err != nil {
		return err
	}
	_, newest, err := migrationsOf(d)
	if err == nil {
		err = found.usable(newest)
	}
	switch {
	case err != nil:
		return err
	case found.version > newest:
		return errBeyond
	case found.version < newest:
		return ErrOlder
	}
	return nil
}

// moved makes the tables in a target and copies all rows of a snapshot into it.
func moved(ctx context.Context, from *session, target *sql.DB, d dialect, progress func(done, all int), last func() error) (err error) {
	to, err := newSession(ctx, target, &d, d.setup)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.close()) }()
	if _, _, err := migrate(ctx, target, to, d); err != nil {
		return err
	}
	m := mover{ctx: ctx, from: from, to: to, progress: progress}
	if _, err := to.exec(d.begin); err != nil {
		return fmt.Errorf("begin a transaction: %w", err)
	}
	if err = m.move(); err == nil {
		err = last()
	}
	if err != nil {
		_, _ = to.exec("ROLLBACK")
		return err
	}
	if _, err := to.exec("COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return d.leave(to)
}

// A mover copies rows from one session's database to another's.
type mover struct {
	ctx       context.Context
	from, to  *session
	progress  func(done, all int)
	done, all int
}

func (m *mover) move() error {
	for _, t := range tables {
		var there, rows int
		err := m.to.one("SELECT count(*) FROM (SELECT 1 FROM "+t.name+notLeft(t)+" LIMIT 1) AS t", nil, &there)
		if err == nil && there > 0 {
			err = ErrNotEmpty
		}
		if err == nil {
			err = m.from.one("SELECT count(*) FROM "+t.name+notLeft(t), nil, &rows)
		}
		if err != nil {
			return err
		}
		m.all += rows
	}
	for _, t := range tables {
		if err := m.table(t); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		if err := m.numbers(t); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return m.to.freeAll() // who held one knows nothing of this database
}

func notLeft(t table) string {
	if t.leave == "" {
		return ""
	}
	return " WHERE NOT (" + t.leave + ")"
}

// table copies a table, page by page.
func (m *mover) table(t table) error {
	var after []any
	for {
		if err := m.ctx.Err(); err != nil {
			return err
		}
		page, err := m.page(t, after)
		if err != nil {
			return err
		}
		for rest := page; len(rest) > 0; {
			n := 1
			if len(rest) >= moveAtOnce {
				n = moveAtOnce
			}
			if err := m.put(t, rest[:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
		if err := m.passed(len(page)); err != nil || len(page) < movePage {
			return err
		}
		after = t.place(page[len(page)-1])
	}
}

// page reads the rows after a place; nil is before the first one.
func (m *mover) page(t table, after []any) (page [][]driver.Value, err error) {
	into := make([]any, len(t.all()))
	for i := range into {
		into[i] = unread{}
	}
	err = m.from.each(t.read(after == nil), append(append([]any{}, after...), movePage), into, func() error {
		row := append([]driver.Value{}, m.from.row...)
		t.portable(row)
		page = append(page, row)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	return page, nil
}

func (m *mover) put(t table, rows [][]driver.Value) error {
	var args []any
	for _, row := range rows {
		for _, v := range row {
			args = append(args, v)
		}
	}
	if _, err := m.to.exec(t.insert(len(rows)), args...); err != nil {
		return fmt.Errorf("write the rows from %v on: %w", t.place(rows[0]), err)
	}
	return nil
}

// passed counts rows. A file that is of no use before it is whole is committed
// in between, so that its log stays small.
func (m *mover) passed(rows int) error {
	before := m.done / moveCommit
	m.done += rows
	if m.progress != nil {
		m.progress(m.done, m.all)
	}
	if !m.to.of.alone || m.done/moveCommit == before {
		return nil
	}
	_, err := m.to.exec("COMMIT")
	if err == nil {
		_, err = m.to.exec(m.to.of.begin)
	}
	return err
}

// numbers has the next number that is given out come after all that were.
func (m *mover) numbers(t table) error {
	if t.given == "" {
		return nil
	}
	var given, highest int64
	err := m.from.one(m.from.of.given(t), nil, &given)
	if err == nil {
		err = m.from.one("SELECT coalesce(max("+t.given+"), 0) FROM "+t.name, nil, &highest)
	}
	if highest = max(given, highest); err != nil || highest == 0 {
		return err
	}
	for _, text := range m.to.of.giveAfter(t, highest) {
		if err := m.to.each(text, nil, []any{unread{}}, func() error { return nil }); err != nil {
			return fmt.Errorf("set the next number: %w", err)
		}
	}
	return nil
}
