package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/signal"

	"certwright/internal/clientenv"
	"certwright/internal/logs"
	"certwright/internal/server"
)

type devCommand struct {
	settings    `embed:""`
	listeners   `embed:""`
	NewDatabase bool `help:"Begin with an empty database where the data folder's own is lost; the keyset stays."`
	NewCA       bool `name:"new-ca" help:"Make a TLS authority where the data folder's own is lost; every client must be told to trust it."`
	JSON        bool `name:"json" help:"Print one line of JSON on stdout when ready."`
}

// Run serves until it is told to end. A second signal ends it at once.
func (d devCommand) Run(ctx context.Context, to streams) error {
	config, err := d.read(d.listeners, false)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, ending()...)
	defer stop()
	stderr := logs.Gather(to.err)
	defer func() { _ = stderr.Flush() }() // nobody is left to tell
	to.err = stderr
	s, err := server.Start(ctx, config, server.Options{
		Version: buildOf().number(),
		Log:     slog.New(logs.Lines(to.err, slog.LevelInfo)),
		Observe: logs.Requests(to.err),
		Strays:  true,

		NewDatabase: d.NewDatabase, NewCA: d.NewCA,
	})
	if err != nil {
		return err
	}
	defer clientenv.List(s.Ready.Data, false)()
	for _, addr := range s.Exposed() {
		fmt.Fprintf(to.err, "certwright: warning: other machines can reach %s, and whoever does may do everything\n", addr)
	}
	if err := announce(to, s.Ready, s.Cast(), d.JSON); err != nil {
		return errors.Join(err, s.Stop())
	}
	select {
	case <-ctx.Done():
		stop()
		fmt.Fprintln(to.err, "stopping")
	case <-s.Failed():
	}
	return s.Stop()
}

// announce tells people, and programs that asked for it, where the server is.
func announce(to streams, r clientenv.Ready, cast server.Cast, asJSON bool) error {
	printReady(to.err, r, cast)
	if !asJSON {
		return nil
	}
	return printJSON(to.out, r)
}

// printJSON prints a line of JSON.
func printJSON(w io.Writer, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write a line of JSON: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s\n", line)
	return err
}

func printReady(w io.Writer, r clientenv.Ready, cast server.Cast) {
	env := "certwright env"
	if usual, err := clientenv.DefaultData(); err != nil || usual != r.Data {
		env += " --data " + clientenv.QuoteSh(r.Data)
	}
	proxy := ""
	if r.ProxyURL != "" {
		proxy = fmt.Sprintf("  proxy       %s leads *.vault.azure.net here: certwright env --azure-names\n", r.ProxyURL)
	}
	fmt.Fprintf(w, `certwright dev: not for production: every token is accepted, everything is permitted

  vault       %s
  by address  %s
  side door   %s
  console     %s/ui/
  trust       %s
  data        %s
%s
`, r.VaultURL, r.IPURL, r.HTTPURL, r.HTTPURL, r.CAFile, r.Data, proxy)
	for _, line := range cast.Lines() {
		fmt.Fprintf(w, "  %-10s  %s\n", line[0], line[1])
	}
	fmt.Fprintf(w, `
point clients at it from another shell:
  eval "$(%s)"

`, env)
}
