package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"certwright/internal/admin"
	"certwright/internal/client"
	"certwright/internal/print"
)

type clockCommand struct {
	running      `embed:""`
	By           string `arg:"" optional:"" help:"How far to move it, as in +60d, +36h or +1d12h. It only goes forward."`
	print.Format `embed:""`
	Words        time.Duration `kong:"-"` // between words on how far a move is; 0: 2 s
}

const (
	moveWords = 2 * time.Second
	clockHint = "use +60d, +36h or +1d12h"
	backHint  = "to have the real time again, begin anew: certwright dev --ephemeral, or a POST of /admin/reset to the side door, which empties the server"
)

// Misused says why the clock cannot be moved back.
func (clockCommand) Misused(args []string) error {
	for _, arg := range args {
		if len(arg) > 1 && arg[0] == '-' && arg[1] >= '0' && arg[1] <= '9' {
			return backward(arg)
		}
	}
	return nil
}

func backward(by string) error {
	return fmt.Errorf("%q would move the clock back, and it only goes forward: what was issued, renewed and sent meanwhile cannot be undone\nhint: %s", print.Plain(by), backHint)
}

// Run prints the server's time and how far it is from real time, after moving
// it if that is asked for.
func (c clockCommand) Run(ctx context.Context, to streams) error {
	by, err := c.by()
	if err != nil {
		return err
	}
	server, err := c.find(ctx)
	if err != nil {
		return err
	}
	var at admin.Clock
	if c.By == "" {
		at, err = server.Clock(ctx)
	} else {
		at, err = c.move(ctx, to, server, by)
	}
	if err != nil {
		return err
	}
	return c.On(to.out, to.err).One(at, stamp(at.Now), func(w io.Writer) error { return printClock(w, at) })
}

func (c clockCommand) by() (time.Duration, error) {
	if c.By == "" {
		return 0, nil
	}
	text := strings.TrimPrefix(c.By, "+")
	if strings.HasPrefix(text, "-") {
		return 0, exitError{exitUsage, backward(c.By)}
	}
	by, err := admin.ParseDuration(text)
	if err != nil {
		return 0, exitError{exitUsage, fmt.Errorf("%q is not a duration\nhint: %s", print.Plain(c.By), clockHint)}
	}
	return by, nil
}

// move moves the clock and tells meanwhile how far it is.
func (c clockCommand) move(ctx context.Context, to streams, server *client.Client, by time.Duration) (at admin.Clock, err error) {
	from, err := server.Clock(ctx)
	if err != nil {
		return at, err
	}
	done := make(chan error, 1)
	go func() {
		var err error
		at, err = server.Advance(ctx, by)
		done <- err
	}()
	every := c.Words
	if every == 0 {
		every = moveWords
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return at, err
		case <-tick.C:
		}
		if now, err := server.Clock(ctx); err == nil {
			fmt.Fprintf(to.err, "moving: %s, %s of %s\n", stamp(now.Now), days(offsetOf(now)-offsetOf(from)), days(by))
		}
	}
}

// offsetOf is how far the clock is from real time, in whole seconds.
func offsetOf(at admin.Clock) time.Duration {
	d, err := time.ParseDuration(at.Offset)
	if err != nil {
		return 0
	}
	return d.Truncate(time.Second)
}

func printClock(to io.Writer, at admin.Clock) error {
	ahead := "real time"
	if d := offsetOf(at); d != 0 {
		ahead = days(d) + " ahead of real time"
	}
	_, err := fmt.Fprintf(to, "%s  %s\n", stamp(at.Now), ahead)
	return err
}
