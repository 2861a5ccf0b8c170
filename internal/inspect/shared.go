package inspect

import (
	"certwright/internal/store/sqlstore"
	"context"
	"fmt"
	"net/url"
)

// shared asks the database that several servers share, without changing it.
func (i *inspector) shared(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	version, encoding, err := askPostgres(ctx, i.Config.Store)
	switch {
	case err != nil:
		i.fault("database", err, "see that this machine reaches it and may sign in there; store names it")
	case encoding != "UTF8":
		i.fault("database", fmt.Errorf("its encoding is %s", encoding), "make it with createdb --encoding=UTF8 --template=template0")
	default:
		i.fine("database", "PostgreSQL %s%s", version, at(i.Config.Store))
	}
}

func askPostgres(ctx context.Context, store string) (version, encoding string, err error) {
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
