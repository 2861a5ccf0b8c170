package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"certwright/internal/clientenv"
	"certwright/internal/config"
	"certwright/internal/logs"
	"certwright/internal/server"
	"certwright/internal/systemd"
)

type serveCommand struct {
	settings    `embed:""`
	listeners   `embed:""`
	NewDatabase bool   `help:"Begin with an empty database where the data folder's own is lost; the keyset stays."`
	NewCA       bool   `name:"new-ca" help:"Make a TLS authority where the data folder's own is lost; every client must be told to trust it."`
	Recovery    string `name:"recovery-token-file" placeholder:"FILE" help:"Write a token to this file that may do everything for 15 minutes, where the configuration locked everybody out."`
	JSON        bool   `name:"json" help:"Print one line of JSON on stdout when ready."`
}

// Help shows how it is used.
func (serveCommand) Help() string {
	return `Starts the server that may stand open to a network: callers sign in, permissions decide, vaults are declared, and nothing of a
development server can be reached. It refuses to start where any of that is missing, and says what. SIGHUP reads the configuration
again, whole or not at all; SIGTERM ends the server after the requests under way, and, where servers share a database, some seconds
after it said that it is not ready any more (drain in the configuration). Under systemd it says when it is ready.

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
	ctx, stop := signal.NotifyContext(ctx, stopping()...)
	defer stop()
	stderr := logs.Gather(to.err)
	defer func() { _ = stderr.Flush() }() // nobody is left to tell
	to.err = stderr
	log := newServeLog(to.err, c.Log)
	if err := server.Harden(); err != nil {
		log.Warn("other programs of this user may read the memory of this one", "error", err)
	}
	manager := systemd.Open(os.Getenv)
	again := make(chan os.Signal, 1) // one that comes before the server serves is heeded once it does
	if signals := rereading(); len(signals) > 0 {
		signal.Notify(again, signals...)
		defer signal.Stop(again)
	}
	s, err := server.Start(ctx, c, server.Options{
		Waiting: func(why string, again time.Duration) { _ = manager.Starting(why, again+startTime) }, // the log has it
		Version: buildOf().number(), Log: log.Logger, Observe: log.observe,
		NewDatabase: d.NewDatabase, NewCA: d.NewCA, RecoveryTokenFile: d.Recovery,
	})
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		log.Info("stopped before it served")
		return nil
	}
	if err != nil {
		return err
	}
	defer clientenv.List(s.Ready.Data, false)()
	if c.Log.JSON() {
		log.Info("serving", "https", s.Ready.IPURL, "side_door", s.Ready.HTTPURL, "data", s.Ready.Data)
	} else {
		printServing(to.err, s, c)
	}
	if d.JSON {
		if err := printJSON(to.out, s.Ready); err != nil {
			return errors.Join(err, s.Stop())
		}
	}
	(&serving{command: d, server: s, log: log, manager: manager, again: again, alone: stop}).run(ctx)
	return s.Stop()
}

// startTime is how long a start may take once the data keys can be opened.
const startTime = 90 * time.Second

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

// serving is a server that runs, and what it hears and tells.
type serving struct {
	command serveCommand
	server  *server.Server
	log     *serveLog
	manager systemd.Notifier
	again   <-chan os.Signal // says that the configuration is to be read again
	alone   func()           // has the next signal end the process at once
	untold  bool             // that the manager could not be told was logged
}

// run returns when the server has to end.
func (v *serving) run(ctx context.Context) {
	var alive <-chan time.Time
	if every := v.manager.Watchdog(); every > 0 {
		tick := time.NewTicker(every / 3)
		defer tick.Stop()
		alive = tick.C
	}
	v.tell(v.manager.Ready("serving at " + v.server.Ready.IPURL))
	defer v.alone()
	for {
		select {
		case <-ctx.Done():
			v.alone()
			v.drain(context.WithoutCancel(ctx), alive)
			return
		case <-v.server.Failed():
			v.tell(v.manager.Stopping(endTime))
			return
		case <-v.again:
			v.reread(ctx)
		case <-alive:
			v.beat(ctx)
		}
	}
}

// endTime is how long what is under way may take at the end.
const endTime = 25 * time.Second

// drain goes on serving for a while, so that balancers notice that the server is not
// ready, and returns when the requests under way are to end.
func (v *serving) drain(ctx context.Context, alive <-chan time.Time) {
	wait := v.server.Drain()
	v.tell(v.manager.Stopping(wait + endTime))
	if wait > 0 {
		v.log.Info("stopping: it is not ready any more, and serves until balancers have noticed; a second signal ends it at once", "drain", wait)
	}
	noticed := time.NewTimer(wait)
	defer noticed.Stop()
	for over := false; !over; {
		select {
		case <-noticed.C:
			over = true
		case <-v.server.Failed():
			return
		case <-alive:
			v.beat(ctx)
		}
	}
	v.log.Info("stopping: requests under way end first")
}

// reread puts the configuration in force as it stands now.
func (v *serving) reread(ctx context.Context) {
	v.tell(v.manager.Reloading())
	c, err := v.command.read(v.command.listeners, true)
	if err == nil {
		_, err = v.server.Reload(ctx, c)
	}
	if err == nil {
		v.log.follow(c.Log)
	}
	if err != nil {
		v.log.Error("the configuration was not taken, what was in force stays", "error", err)
	}
	v.tell(v.manager.Ready("serving at " + v.server.Ready.IPURL))
}

// beat tells the manager that the server is alive, unless it hangs.
func (v *serving) beat(ctx context.Context) {
	waiting, stop := context.WithTimeout(ctx, v.manager.Watchdog()/3)
	defer stop()
	if v.server.Answers(waiting) {
		v.tell(v.manager.Alive())
	} else if ctx.Err() == nil {
		v.log.Error("the database did not answer in time: the service manager is not told that the server is alive")
	}
}

// tell logs the first error of telling the manager.
func (v *serving) tell(err error) {
	if err != nil && !v.untold {
		v.untold = true
		v.log.Warn("the service manager was not told", "error", err)
	}
}
