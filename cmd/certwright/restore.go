package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/signal"
	"slices"
	"strings"

	"certwright/internal/backup"
	"certwright/internal/folder"
	"certwright/internal/print"
	"certwright/internal/seal"
)

type restoreCommand struct {
	From         string `arg:"" help:"The backup."`
	Keyset       string `help:"The keyset.json that belongs to it, where the backup has none." placeholder:"FILE"`
	Replace      bool   `help:"Restore over what is in the data folder, which is put aside there."`
	print.Format `embed:""`
	Config       string `help:"The server's configuration file (YAML), where it names the database, or what wraps the data keys; that is tried on the backup." placeholder:"FILE" env:"CERTWRIGHT_CONFIG"`
	Store        string `help:"The PostgreSQL database to restore into, by its URL, or sqlite for one in the data folder (the configuration's)." placeholder:"URL"`
	inFolder     `embed:""`
}

// Help shows how it is used.
func (restoreCommand) Help() string {
	return `The backup is verified before anything in the data folder is touched. Stop the server whose data it is for good: two that go on from
the same data both renew, and each revokes only what it knows of.

Into PostgreSQL all of it is restored or nothing, and only into an empty database. A backup of SQLite can be restored there, and one of PostgreSQL
into a data folder: that is how a server moves from one to the other.

Examples:
  certwright restore /var/backups/certwright/certwright-20261128T031500Z.tar --config /etc/certwright/config.yaml
  certwright restore /var/backups/certwright/certwright-20261128T031500Z.tar --keyset /a/safe/place/keyset.json --data /var/lib/certwright`
}

// Run restores and says what is there now, and what is not.
func (r restoreCommand) Run(ctx context.Context, to streams) (err error) {
	ctx, stop := signal.NotifyContext(ctx, ending()...)
	defer stop()
	into, err := r.keptBy(r.Config, r.Store)
	if err != nil {
		return err
	}
	data, keks := into.data, into.keks
	release, err := folder.Hold(data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	done, err := backup.Restore(ctx, backup.Restoration{
		From: r.From, Data: data, Store: into.store, Keyset: r.Keyset, KEKs: keks, Replace: r.Replace, Ignore: []string{folder.LockFile, "lost+found"}, Progress: progressOn(to.err),
	})
	if err != nil {
		return err
	}
	if !r.People() {
		return r.On(to.out, to.err).One(done, cmp.Or(done.Store, data), nil)
	}
	fmt.Fprintf(to.err, "%s holds the data as of %s, verified%s\n", cmp.Or(done.Store, data), stamp(done.Made), opened(done, keysetFile(nil, data)))
	if done.Store != "" {
		fmt.Fprintf(to.err, "what a server keeps beside it is in %s\n", data)
	}
	if done.Aside != "" {
		fmt.Fprintf(to.err, "what was there is in %s\n", done.Aside)
	}
	others := slices.DeleteFunc(slices.Clone(done.Needs), seal.IsFile)
	switch {
	case done.Opened:
	case len(others) > 0:
		fmt.Fprintf(to.err, "its data keys are wrapped by %s: the configuration must name that under keyset before you start the server\n", strings.Join(done.Needs, " and "))
	case !done.Keyset:
		fmt.Fprintf(to.err, "keyset.json is missing: put it into %s before you start the server, mode 0600; without it nothing sealed can be read\n", data)
	}
	fmt.Fprintf(to.err, `not there: what was written after that moment, and the configuration file
  revoke again what was revoked since: certwright revoke NAME VERSION
  certificates issued or renewed since are ordered anew, since their keys are gone
`)
	return nil
}
