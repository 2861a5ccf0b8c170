package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"certwright/internal/admin"
	"certwright/internal/clientenv"
)

type clockCommand struct {
	running `embed:""`
	By      string        `arg:"" optional:"" help:"How far to move it, as in +60d, +36h or +1d12h. It only goes forward."`
	JSON    bool          `name:"json" help:"Print one line of JSON."`
	Words   time.Duration `kong:"-"` // between words on how far a move is; 0: 2 s
}

const (
	moveTime   = 7 * 24 * time.Hour // for one move, which does all that falls due on the way
	moveWords  = 2 * time.Second
	clockHint  = "say how far as in +60d, +36h or +1d12h; the clock only goes forward, a reset of the server puts it back"
	movingHint = "certwright clock says how far it came; what fell due until then is done"
)

// Run prints the server's time and how far it is from real time, after moving
// it if that is asked for.
func (c clockCommand) Run(to streams) error {
	by, err := c.by()
	if err != nil {
		return err
	}
	r, err := c.find()
	if err != nil {
		return err
	}
	var at admin.Clock
	if c.By == "" {
		err = hinted(call(r, http.MethodGet, "/admin/clock", nil, &at), "certwright dev runs a server whose clock can be moved")
	} else {
		at, err = c.move(to, r, by)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(to.out).Encode(at)
	}
	return printClock(to.out, at)
}

func (c clockCommand) by() (time.Duration, error) {
	if c.By == "" {
		return 0, nil
	}
	by, err := admin.ParseDuration(strings.TrimPrefix(c.By, "+"))
	if err != nil {
		return 0, exitError{exitUsage, fmt.Errorf("%q is no way to move a clock\nhint: %s", printable(c.By), clockHint)}
	}
	return by, nil
}

// move moves the clock and tells meanwhile how far it is.
func (c clockCommand) move(to streams, r clientenv.Ready, by time.Duration) (at admin.Clock, err error) {
	from, err := clockOf(r)
	if err != nil {
		return at, err
	}
	done := make(chan error, 1)
	go func() {
		done <- callWithin(moveTime, r, http.MethodPost, "/admin/clock", map[string]string{"advance": by.String()}, &at)
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
			return at, hinted(err, movingHint)
		case <-tick.C:
		}
		if now, err := clockOf(r); err == nil {
			fmt.Fprintf(to.err, "moving: %s, %s of %s\n", stamp(now.Now), days(offsetOf(now)-offsetOf(from)), days(by))
		}
	}
}

func clockOf(r clientenv.Ready) (at admin.Clock, err error) {
	return at, hinted(call(r, http.MethodGet, "/admin/clock", nil, &at), movingHint)
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

// days writes a duration as people say it: 60d, 1d12h, 90s.
func days(d time.Duration) string {
	d = d.Truncate(time.Second)
	n := d / (24 * time.Hour)
	if n <= 0 {
		return d.String()
	}
	rest := d % (24 * time.Hour)
	if rest == 0 {
		return fmt.Sprintf("%dd", n)
	}
	text := rest.String()
	for _, nothing := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, nothing) {
			text = text[:len(text)-2]
		}
	}
	return fmt.Sprintf("%dd%s", n, text)
}
