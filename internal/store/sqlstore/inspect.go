package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"certwright/internal/store/record"
	"certwright/internal/vault"
)

// ErrOlder is what Inspect returns of a database that was not brought up to date.
var ErrOlder = errors.New("the database was written by an older program\nhint: start the server once, which brings it up to date")

// ErrEmpty is what Inspect returns of a database that no server has used yet.
var ErrEmpty = errors.New("the database has no tables yet\nhint: the first start of a server makes them, or certwright restore")

// An Inspection says how a database is gone through.
type Inspection struct {
	// Open returns the keys that rows are proved under; after an error only what
	// needs none is looked at.
	Open     func(vault.Reader) (vault.RowKeys, error)
	Bound    bool                      // it is known that all rows have a MAC
	Row      func(row any)             // of each that is proved: a *vault.Object, *Version, *IssuerConfig or *Account
	Fault    func(row, fault string)   // of each that is wrong, and in which way
	Progress func(part, whole float64) // of rows
}

// Inspect goes through all of a database, as it is at one moment, and changes
// nothing; a server may run meanwhile. It returns the version of the schema and
// how many rows there are.
func Inspect(ctx context.Context, path string, in Inspection) (schema int64, rows int, err error) {
	err = reading(ctx, path, "mode=ro", func(s *session) (err error) {
		if err := ours(ctx, s); err != nil {
			return err
		}
		found, _, err := foundSchema(ctx, s)
		if err != nil {
			return err
		}
		schema = found.version
		if err := integrity(s); err != nil {
			in.Fault("database", err.Error())
		}
		rows, err = inspect(ctx, s, found, in)
		return err
	})
	if err != nil {
		err = fmt.Errorf("check %s: %w", path, sqliteFault(err))
	}
	return schema, rows, err
}

// InspectPostgres does the same for the PostgreSQL database of a URL, beside the
// servers that share it. Whether its files are whole is for PostgreSQL to say.
func InspectPostgres(ctx context.Context, url string, in Inspection) (schema int64, rows int, err error) {
	db, err := Postgres(url)
	if err != nil {
		return 0, 0, err
	}
	defer db.Close()
	s, err := newSession(ctx, db, &postgres, postgres.setup, []string{"SET statement_timeout = 0"}) // rows are counted
	if err == nil {
		defer s.close()
		found, wrong := postgresInspect(ctx, s)
		if schema, err = found.version, wrong; err == nil {
			rows, err = inspect(ctx, s, found, in)
		}
	}
	if err != nil {
		err = fmt.Errorf("check %s: %w", NamePostgres(url), err)
	}
	return schema, rows, err
}

// inspect goes through the rows that one snapshot shows.
func inspect(ctx context.Context, s *session, found schema, in Inspection) (rows int, err error) {
	_, known, err := migrationsOf(*s.of)
	if err == nil {
		err = found.usable(known)
	}
	switch {
	case err != nil:
		return 0, err
	case found.version == 0:
		return 0, ErrEmpty
	case found.version < known:
		return 0, ErrOlder
	}
	if _, err := s.exec(s.of.view); err != nil {
		return 0, fmt.Errorf("begin a snapshot: %w", err)
	}
	defer s.exec("ROLLBACK")
	i := inspector{Inspection: in, reader: &reader{session: s, ctx: ctx}}
	return i.all()
}

// An inspector goes through one snapshot.
type inspector struct {
	Inspection
	reader   *reader
	unsealed int // rows without a MAC, where that is no fault of theirs
	opened   bool
}

// These read whole tables: no server runs them.
const (
	countRows  = `SELECT (SELECT count(*) FROM objects) + (SELECT count(*) FROM versions) + (SELECT count(*) FROM issuers) + (SELECT count(*) FROM contacts) + (SELECT count(*) FROM accounts) + (SELECT count(*) FROM settings)`
	lostBodies = `SELECT count(*) FROM (SELECT id FROM bodies EXCEPT SELECT body FROM versions) AS lost`
	isPurged   = `SELECT count(*) FROM purged WHERE object = $1`
	hasVersion = `SELECT count(*) FROM versions WHERE vault = $1 AND key = $2 AND object = $3 AND id = $4`
)

const inspectPage = 200

func (i *inspector) all() (rows int, err error) {
	s := i.reader.session
	if err := i.bind(); err != nil {
		return 0, err
	}
	var whole, lost int64
	if err := s.one(countRows, nil, &whole); err != nil {
		return 0, err
	}
	for _, w := range walks {
		for after := w.from; ; {
			if err := i.reader.usable(); err != nil {
				return rows, err
			}
			page, err := w.page(s, after, inspectPage)
			if err != nil {
				return rows, fmt.Errorf("read %ss: %w", w.what, err)
			}
			for _, row := range page {
				if err := i.look(w.what, row); err != nil {
					return rows, err
				}
				after = row.place
			}
			if rows += len(page); i.Progress != nil {
				i.Progress(float64(rows), float64(whole))
			}
			if len(page) < inspectPage {
				break
			}
		}
	}
	if i.unsealed > 0 {
		i.Fault("database", fmt.Sprintf("%d rows bear no seal yet", i.unsealed))
	}
	if err := s.one(lostBodies, nil, &lost); err != nil {
		return rows, err
	}
	if lost > 0 {
		i.Fault("database", fmt.Sprintf("%d bodies of versions belong to no version", lost))
	}
	return rows, nil
}

// bind opens the keys. Where nothing says that all rows have a MAC, one without is not wrong.
func (i *inspector) bind() error {
	keys, err := i.Open(i.reader)
	if err != nil {
		return nil // who opens tells of it
	}
	i.opened = true
	s := i.reader.session
	if !i.Bound {
		_, err := i.reader.Setting(boundSetting)
		if err != nil && !errors.Is(err, vault.ErrNotFound) {
			return err
		}
		i.Bound = err == nil
	}
	s.bond = bondOf(&bond{keys: keys, strict: i.Bound})
	return nil
}

// look looks at a row: that it is proved, that it can be read, and what it hangs on.
func (i *inspector) look(what string, row walked) error {
	name := nameOf(what, row.values)
	s := i.reader.session
	switch {
	case what == isVersion && row.values[1] == nil:
		var purged int64
		if err := s.one(isPurged, row.place[2:3], &purged); err != nil || purged > 0 {
			return err
		}
		i.Fault(name, "it belongs to no object")
		return nil
	case what == isVersion && row.values[15] == nil:
		i.Fault(name, "its body is missing")
		return nil
	case i.opened && !s.proved(what, row.mac, nil, row.values):
		i.Fault(name, vault.ErrAltered.Error())
		return nil
	}
	if i.opened && len(row.mac) == 0 {
		i.unsealed++
	}
	read, err := rowOf(s, what, row.values)
	if err != nil {
		i.Fault(name, "it cannot be read")
		return nil
	}
	if o, is := read.(*vault.Object); is && o.Latest != "" && !o.Pending() && o.Kind.Public() {
		var there int64
		if err := s.one(hasVersion, []any{o.Vault, o.Key(), row.place[0], o.Latest}, &there); err != nil {
			return err
		}
		if there == 0 {
			i.Fault(name, "its latest version is missing")
		}
	}
	if read != nil {
		i.Row(read)
	}
	return nil
}

// nameOf names a row by its place.
func nameOf(what string, values []driver.Value) string {
	n := map[string]int{isObject: 3, isVersion: 4, isIssuer: 2}[what]
	name := what + " "
	for i, v := range values[:max(n, 1)] {
		if i > 0 {
			name += "/"
		}
		if v == nil {
			v = "?"
		}
		name += fmt.Sprint(v)
	}
	return name
}

// rowOf returns what a row says; nil of those that hold nothing sealed.
func rowOf(s *session, what string, values []driver.Value) (any, error) {
	switch what {
	case isObject:
		var row objectRow
		if err := scanAll(row.into()[:objectSealed], values); err != nil {
			return nil, err
		}
		if row.key != row.Key() {
			return nil, record.ErrTorn
		}
		o, err := row.object(s)
		return &o, err
	case isVersion:
		return versionOfRow(values)
	case isIssuer:
		var vaultName, key, body string
		if err := scanAll([]any{&vaultName, &key, &body}, values); err != nil {
			return nil, err
		}
		c, err := record.ReadIssuer(vaultName, body)
		return &c, err
	case isAccount:
		a := new(vault.Account)
		err := scanAll([]any{&a.ID, (*[]byte)(&a.Body), &a.Rev}, values)
		return a, err
	}
	return nil, nil
}

func versionOfRow(values []driver.Value) (any, error) {
	v := new(vault.Version)
	var e vault.Entry
	var body string
	var raw []byte
	into := append(entryInto(&e, &v.Vault, &v.Kind, &v.Name, &v.ID), &body, &raw)
	if err := scanAll(into, values); err != nil {
		return nil, err
	}
	v.Attributes, v.Tags = e.Attributes, e.Tags
	err := record.FillVersion(v, e, body, raw)
	return v, err
}

func scanAll(into []any, values []driver.Value) error {
	for i, v := range values {
		if err := scan(into[i], v); err != nil {
			return err
		}
	}
	return nil
}
