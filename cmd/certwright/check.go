package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"

	"certwright/internal/check"
	"certwright/internal/folder"
	"certwright/internal/print"
)

type checkCommand struct {
	Config       string `help:"Check what this configuration of certwright serve needs, its data folder included." placeholder:"FILE"`
	Store        string `help:"Check this PostgreSQL database, by its URL; the keyset is that of the configuration, else of the data folder." placeholder:"URL"`
	print.Format `embed:""`
	inFolder     `embed:""`
}

// Help shows how it is used.
func (checkCommand) Help() string {
	return `Goes through all of a data folder and changes nothing: SQLite's own check, every row's seal, every private key, secret and password, rows that
hang on nothing, the files of the TLS authority; with --store through all rows of a PostgreSQL database. Servers may run meanwhile. Each fault is one line with
what to do about it; with any, the exit code is 1.

With --config it goes through all that certwright serve needs: the configuration, the TLS certificate, the data folder with its keyset or the PostgreSQL
database, the issuers that people sign in with, the authorities, the mail server, webhooks and the clock. It asks whom the server would ask.

Examples:
  certwright check --data /var/lib/certwright
  certwright check --store postgres://certwright@db.example/certwright --data /var/lib/certwright
  certwright check --config /etc/certwright/config.yaml`
}

// Run checks and prints what is wrong.
func (c checkCommand) Run(ctx context.Context, to streams) error {
	ctx, stop := signal.NotifyContext(ctx, ending()...)
	defer stop()
	if c.Config != "" && c.Store == "" {
		return c.production(ctx, to)
	}
	report, err := c.data(ctx, to)
	if err != nil {
		return err
	}
	err = c.On(to.out, to.err).One(report, word(len(report.Faults) == 0), func(io.Writer) error { return printReport(report, to) })
	if err == nil && len(report.Faults) > 0 {
		return exitError{code: exitFailed}
	}
	return err
}

// data checks the database that is named, or a data folder.
func (c checkCommand) data(ctx context.Context, to streams) (check.Report, error) {
	if c.Store != "" {
		of, err := c.keptBy(c.Config, c.Store)
		if err == nil && of.store == "" {
			err = exitError{exitUsage, errors.New("--store names no PostgreSQL database\nhint: --data names a data folder")}
		}
		if err != nil {
			return check.Report{}, err
		}
		return check.Shared(ctx, check.Request{Data: of.data, Store: of.store, KEKs: of.keks, Progress: progressOn(to.err)})
	}
	data, err := inUse(ctx, c.Data)
	if err != nil {
		return check.Report{}, err
	}
	return check.Folder(ctx, check.Request{Data: data, Bound: folder.Bound(data), Progress: progressOn(to.err)})
}

func printReport(r check.Report, to streams) error {
	for _, f := range r.Faults {
		if _, err := fmt.Fprintf(to.out, "%s: %s; %s\n", f.What, f.Fault, f.Hint); err != nil {
			return err
		}
	}
	found := "no faults"
	if n := len(r.Faults) + r.More; n == 1 {
		found = "1 fault"
	} else if n > 1 {
		found = fmt.Sprintf("%d faults", n)
	}
	if r.More > 0 {
		found += fmt.Sprintf(", the first %d shown", len(r.Faults))
	}
	_, err := fmt.Fprintf(to.err, "%d rows and %d seals checked: %s\n", r.Rows, r.Seals, found)
	return err
}
