package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/signal"
	"strings"

	"certwright/internal/config"
	"certwright/internal/server"
)

type serveCommand struct {
	settings    `embed:""`
	listeners   `embed:""`
	NewDatabase bool `help:"Begin with an empty database where the data folder's own is lost; the keyset stays."`
	JSON        bool `name:"json" help:"Print one line of JSON on stdout when ready."`
	NewCA       bool `name:"new-ca" help:"Make a TLS authority where the data folder's own is lost; every client must be told to trust it."`
}

// Help shows how it is used.
func (serveCommand) Help() string {
	return `Starts the server that may stand open to a network: callers sign in, permissions decide, vaults are declared, and nothing of a
development server can be reached. It refuses to start where any of that is missing, and says what. SIGTERM ends it, after the requests under way.

Example:
  certwright serve --config /etc/certwright/config.yaml`
}

// Run serves until it is told to end. A second signal ends it at once.
func (d serveCommand) Run(ctx context.Context, to streams) error {
	if d.Config == "" {
		return exitError{exitUsage, errors.New("there is no configuration file\nhint: certwright serve --config FILE, or set CERTWRIGHT_CONFIG")}
	}
	c, err := d.read(d.listeners, true)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, ending()...)
	defer stop()
	stderr := server.Gather(to.err)
	defer func() { _ = stderr.Flush() }() // nobody is left to tell
	to.err = stderr
	s, err := server.Start(ctx, c, d.options(to.err))
	if err != nil {
		return err
	}
	printServing(to.err, s, c)
	if d.JSON {
		if err := printJSON(to.out, s.Ready); err != nil {
			return errors.Join(err, s.Stop())
		}
	}
	select {
	case <-ctx.Done():
		stop()
		fmt.Fprintln(to.err, "stopping")
	case <-s.Failed():
	}
	return s.Stop()
}

func (d serveCommand) options(w io.Writer) server.Options {
	return server.Options{
		Version: buildOf().number(), Log: slog.New(server.LogLines(w, slog.LevelInfo)), Observe: server.RequestLines(w),
		NewDatabase: d.NewDatabase, NewCA: d.NewCA,
	}
}

// printServing tells people where the server is and who stands behind its issuers.
func printServing(w io.Writer, s *server.Server, c config.Config) {
	var vaults []string
	for _, v := range c.Vaults {
		vaults = append(vaults, strings.ToLower(v.Name))
	}
	fmt.Fprintf(w, "certwright serve\n\n  vaults      %s\n  https       %s\n  side door   %s\n  data        %s\n",
		strings.Join(vaults, ", "), s.Ready.IPURL, s.Ready.HTTPURL, s.Ready.Data)
	for _, line := range s.Cast().Lines() {
		fmt.Fprintf(w, "  %-10s  %s\n", line[0], line[1])
	}
	fmt.Fprintln(w)
}
