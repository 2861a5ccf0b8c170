package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"certwright/internal/admin"
	"certwright/internal/clientenv"
)

type outboxCommand struct {
	running `embed:""`
	Dead    bool `help:"What was given up instead, and why."`
	JSON    bool `name:"json" help:"Print JSON: the whole outbox on one line, or a line for each that was given up."`
}

// Run lists mails and events, oldest first, or what was given up.
func (o outboxCommand) Run(to streams) error {
	r, err := o.find()
	if err != nil {
		return err
	}
	if o.Dead {
		return o.dead(to, r)
	}
	var box admin.Outbox
	if err := call(r, http.MethodGet, "/admin/outbox", nil, &box); err != nil {
		return hinted(err, "GET "+r.HTTPURL+"/admin/outbox has all of it")
	}
	if o.JSON {
		return json.NewEncoder(to.out).Encode(box)
	}
	return printOutbox(to, box)
}

// A told is one line of the outbox.
type told struct {
	EventTime time.Time
	EventType string
	Topic     string
	Subject   string
}

func printOutbox(to streams, box admin.Outbox) error {
	w := tabwriter.NewWriter(to.out, 0, 0, 2, ' ', 0)
	for _, m := range box.Mails {
		fmt.Fprintf(w, "%s\tmail\t%s\t%s\n", stamp(m.At), printable(m.To), printable(m.Subject))
	}
	for _, text := range box.Events {
		var e told
		if err := json.Unmarshal(text, &e); err != nil {
			return fmt.Errorf("read the server's answer: %w", err)
		}
		fmt.Fprintf(w, "%s\tevent\t%s\t%s\n", stamp(e.EventTime), printable(strings.TrimPrefix(e.Topic, "vaults/")+"/"+e.Subject),
			printable(strings.TrimPrefix(e.EventType, "Microsoft.KeyVault.")))
	}
	if len(box.Mails)+len(box.Events) == 0 {
		fmt.Fprintln(to.err, "nobody was told anything yet")
	}
	return w.Flush()
}

func (o outboxCommand) dead(to streams, r clientenv.Ready) error {
	w, lines := tabwriter.NewWriter(to.out, 0, 0, 2, ' ', 0), json.NewEncoder(to.out)
	found := 0
	for after := int64(0); ; {
		var page admin.Letters
		if err := call(r, http.MethodGet, "/admin/outbox/dead?after="+strconv.FormatInt(after, 10), nil, &page); err != nil {
			return hinted(err, "the receivers are those that the server's configuration names under smtp and events")
		}
		for _, l := range page.Dead {
			if o.JSON {
				if err := lines.Encode(l); err != nil {
					return err
				}
				continue
			}
			if found++; found == 1 {
				fmt.Fprintln(w, "NUMBER\tRECEIVER\tWHAT\tOF\tAT\tERROR")
			}
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", l.Seq, printable(l.Sink), printable(strings.TrimPrefix(l.Topic, "Microsoft.KeyVault.")),
				printable(l.Vault+"/"+l.Name), stamp(l.At), printable(l.Error))
		}
		if after = page.Next; after == 0 {
			break
		}
	}
	if found == 0 && !o.JSON {
		fmt.Fprintln(to.err, "nothing was given up")
	}
	return w.Flush()
}

type resendCommand struct {
	running `embed:""`
	What    string `arg:"" help:"The number of a message that was given up, or a receiver for all of its: mail, or a webhook's name."`
}

// Run queues again what was given up.
func (c resendCommand) Run(to streams) error {
	r, err := c.find()
	if err != nil {
		return err
	}
	in := map[string]any{"sink": c.What}
	if seq, err := strconv.ParseInt(c.What, 10, 64); err == nil {
		in = map[string]any{"seq": seq}
	}
	var done admin.Resent
	if err := call(r, http.MethodPost, "/admin/outbox/resend", in, &done); err != nil {
		return hinted(err, "certwright outbox --dead lists what was given up")
	}
	if done.Resent == 0 {
		return fmt.Errorf("nothing was given up of %s\nhint: certwright outbox --dead lists what was given up", printable(c.What))
	}
	fmt.Fprintf(to.err, "queued again: %d\n", done.Resent)
	return nil
}
