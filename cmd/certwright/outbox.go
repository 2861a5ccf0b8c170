package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"certwright/internal/admin"
	"certwright/internal/client"
	"certwright/internal/print"
)

type outboxCommand struct {
	running `embed:""`
	Dead    bool `help:"List the messages that failed permanently instead, and why."`
	JSON    bool `name:"json" help:"Print JSON: the whole outbox on one line, or a line for each message that failed permanently."`
}

const deadHint = "certwright outbox --dead lists the messages that failed permanently"

// Run lists mails and events, oldest first, or the messages that failed permanently.
func (o outboxCommand) Run(ctx context.Context, to streams) error {
	c, err := o.find(ctx)
	if err != nil {
		return err
	}
	if o.Dead {
		return o.dead(ctx, to, c)
	}
	box, err := c.Outbox(ctx)
	if err != nil {
		return client.Hinted(err, "GET "+c.At.HTTPURL+"/admin/outbox has all of it")
	}
	if o.JSON {
		return json.NewEncoder(to.out).Encode(box)
	}
	return printOutbox(to, box)
}

// An event is what a line of the outbox shows of one.
type event struct {
	EventTime time.Time
	EventType string
	Topic     string
	Subject   string
}

// azurePrefix begins the types of events that the service has too.
const azurePrefix = "Microsoft.KeyVault."

func printOutbox(to streams, box admin.Outbox) error {
	t := newTable(to, "", "the outbox is empty")
	for _, m := range box.Mails {
		t.line(stamp(m.At), "mail", m.To, m.Subject)
	}
	for _, text := range box.Events {
		var e event
		if err := json.Unmarshal(text, &e); err != nil {
			return fmt.Errorf("read the server's answer: %w", err)
		}
		t.line(stamp(e.EventTime), "event", strings.TrimPrefix(e.Topic, "vaults/")+"/"+e.Subject, strings.TrimPrefix(e.EventType, azurePrefix))
	}
	return t.end()
}

func (o outboxCommand) dead(ctx context.Context, to streams, c *client.Client) error {
	t, lines := newTable(to, "NUMBER\tRECEIVER\tWHAT\tOF\tAT\tERROR", "no message failed permanently"), json.NewEncoder(to.out)
	for l, err := range c.Dead(ctx) {
		if err != nil {
			return client.Hinted(err, "the receivers are those that the server's configuration names under smtp and events")
		}
		if !o.JSON {
			t.line(strconv.FormatInt(l.Seq, 10), l.Sink, strings.TrimPrefix(l.Topic, azurePrefix), l.Vault+"/"+l.Name, stamp(l.At), l.Error)
		} else if err := lines.Encode(l); err != nil {
			return err
		}
	}
	if o.JSON {
		return nil
	}
	return t.end()
}

type resendCommand struct {
	running `embed:""`
	What    string `arg:"" help:"The number of a message that failed permanently; or a receiver, for all of its messages: mail, or a webhook's name."`
}

// Run queues again what was given up.
func (r resendCommand) Run(ctx context.Context, to streams) error {
	c, err := r.find(ctx)
	if err != nil {
		return err
	}
	what := admin.ResendRequest{Sink: &r.What}
	if seq, err := strconv.ParseInt(r.What, 10, 64); err == nil {
		what = admin.ResendRequest{Seq: &seq}
	}
	n, err := c.Resend(ctx, what)
	if err != nil {
		return client.Hinted(err, deadHint)
	}
	if n == 0 {
		return fmt.Errorf("no message to %s failed permanently\nhint: %s", print.Plain(r.What), deadHint)
	}
	fmt.Fprintf(to.err, "queued again: %d\n", n)
	return nil
}
