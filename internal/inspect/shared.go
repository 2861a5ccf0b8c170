package inspect

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"certwright/internal/check"
	"certwright/internal/seal"
	"certwright/internal/store/sqlstore"
)

// shared asks the database that several servers share, without changing it.
func (i *inspector) shared(ctx context.Context, keks []seal.KEK) {
	version, encoding, err := askPostgres(ctx, i.Config.Store)
	switch {
	case err != nil:
		i.fault("database", err, "see that this machine reaches it and may sign in there; store names it")
	case encoding != "UTF8":
		i.fault("database", fmt.Errorf("its encoding is %s", encoding), "make it with createdb --encoding=UTF8 --template=template0")
	default:
		i.fine("database", "PostgreSQL %s%s", version, at(i.Config.Store))
		i.sharedRows(ctx, keks)
	}
}

// sharedRows goes through the rows that are there.
func (i *inspector) sharedRows(ctx context.Context, keks []seal.KEK) {
	report, err := check.Shared(ctx, check.Request{Data: i.Config.Data, Store: i.Config.Store, KEKs: keks, Progress: i.Progress})
	switch {
	case errors.Is(err, sqlstore.ErrEmpty):
		i.fine("database", "it has no tables yet: the first start makes them")
	case err != nil:
		i.fault("database", err, "")
	default:
		i.checked(report, report.Store)
	}
}

// checked tells what the check of a database came to.
func (i *inspector) checked(report check.Report, where string) {
	for _, f := range report.Faults {
		i.found = append(i.found, Finding{What: f.What, Fault: true, Text: f.Fault, Hint: f.Hint})
	}
	if len(report.Faults) == 0 {
		i.fine("database", "%d rows and %d seals in %s, every one opened by the keyset", report.Rows, report.Seals, where)
	}
}

func askPostgres(ctx context.Context, store string) (version, encoding string, err error) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	db, err := sqlstore.Postgres(store)
	if err != nil {
		return "", "", err // which names no password
	}
	defer db.Close()
	err = db.QueryRowContext(ctx, "SELECT current_setting('server_version'), current_setting('server_encoding')").Scan(&version, &encoding)
	return version, encoding, err
}

// at is where a database is, without who signs in there.
func at(store string) string {
	u, err := url.Parse(store)
	if err != nil || u.Host == "" {
		return ""
	}
	return " at " + u.Host + u.Path
}
