package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"strconv"

	"certwright/internal/config"
	"certwright/internal/print"
	"certwright/internal/server"
)

type migrateCommand struct {
	Config       string `help:"The configuration file (YAML) of certwright serve." placeholder:"FILE" env:"CERTWRIGHT_CONFIG"`
	print.Format `embed:""`
}

// Help shows how it is used.
func (migrateCommand) Help() string {
	return `Does what the start of a server does with its database: makes the tables of an empty one, brings an older one up to date, and refuses one of a
newer program. With PostgreSQL servers may run meanwhile, and one that migrates keeps others waiting; a data folder must not have a server in it.

Example:
  certwright migrate --config /etc/certwright/config.yaml`
}

// Run migrates and says from which version to which.
func (m migrateCommand) Run(ctx context.Context, to streams) error {
	ctx, stop := signal.NotifyContext(ctx, ending()...)
	defer stop()
	if m.Config == "" {
		return exitError{exitUsage, errors.New("there is no configuration file\nhint: certwright migrate --config FILE, or set CERTWRIGHT_CONFIG")}
	}
	of, err := inFolder{}.keptBy(m.Config, "")
	if err != nil {
		return err
	}
	from, now, err := server.Migrate(ctx, config.Config{Data: of.data, Store: of.store})
	if err != nil {
		return err
	}
	if !m.People() {
		return m.On(to.out, to.err).One(map[string]int64{"from": from, "to": now}, strconv.FormatInt(now, 10), nil)
	}
	said := fmt.Sprintf("the schema was brought from version %d to %d", from, now)
	switch from {
	case now:
		said = fmt.Sprintf("the schema is at version %d, nothing was to be done", now)
	case 0:
		said = fmt.Sprintf("the database was empty and has the schema of version %d now", now)
	}
	_, err = fmt.Fprintln(to.out, said)
	return err
}
