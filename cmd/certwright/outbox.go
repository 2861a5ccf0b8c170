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
	running      `embed:""`
	Dead         bool `help:"List the messages that failed permanently instead, and why."`
	print.Format `embed:""`
}

const deadHint = "certwright outbox --dead lists the messages that failed permanently"

// Run lists mails and events, oldest first, or the messages that failed permanently.
func (o outboxCommand) Run(ctx context.Context, to streams) error {
	c, err := o.find(ctx)
	if err != nil {
		return err
	}
	if o.Dead {
		return client.Hinted(print.List(o.On(to.out, to.err), dead, c.Dead(ctx)), "the receivers are those that the server's configuration names under smtp and events")
	}
	box, err := c.Outbox(ctx)
	if err != nil {
		return client.Hinted(err, "GET "+c.At.HTTPURL+"/admin/outbox has all of it")
	}
	entries, err := entriesOf(box)
	if err != nil {
		return err
	}
	return print.List(o.On(to.out, to.err), outbox, print.Slice(entries))
}

// An entry of the outbox is a mail or an event.
type entry struct {
	Mail  *admin.Mail     `json:"mail,omitempty"`
	Event json.RawMessage `json:"event,omitempty"`

	read event // the event
}

// An event is what a line of the outbox shows of one.
type event struct {
	ID        string
	EventTime time.Time
	EventType string
	Topic     string
	Subject   string
}

// azurePrefix begins the types of events that the service has too.
const azurePrefix = "Microsoft.KeyVault."

func entriesOf(box admin.Outbox) (all []entry, err error) {
	for _, m := range box.Mails {
		all = append(all, entry{Mail: &m})
	}
	for _, text := range box.Events {
		e := entry{Event: text}
		if err := json.Unmarshal(text, &e.read); err != nil {
			return nil, fmt.Errorf("read the server's answer: %w", err)
		}
		all = append(all, e)
	}
	return all, nil
}

// either returns the cell of a mail or that of an event.
func either(mail func(admin.Mail) string, event func(event) string) func(entry) string {
	return func(e entry) string {
		if e.Mail != nil {
			return mail(*e.Mail)
		}
		return event(e.read)
	}
}

var outbox = print.Table[entry]{
	Columns: []print.Column[entry]{
		{Head: "AT", Cell: either(func(m admin.Mail) string { return stamp(m.At) }, func(e event) string { return stamp(e.EventTime) })},
		{Head: "KIND", Cell: either(func(admin.Mail) string { return "mail" }, func(event) string { return "event" })},
		{Head: "TO OR OF", Cell: either(func(m admin.Mail) string { return m.To }, func(e event) string { return strings.TrimPrefix(e.Topic, "vaults/") + "/" + e.Subject })},
		{Head: "WHAT", Cell: either(func(m admin.Mail) string { return m.Subject }, func(e event) string { return strings.TrimPrefix(e.EventType, azurePrefix) })},
	},
	Name: either(func(m admin.Mail) string { return m.Subject }, func(e event) string { return e.ID }),
	None: "the outbox is empty",
}

var dead = print.Table[admin.Letter]{
	Columns: []print.Column[admin.Letter]{
		{Head: "NUMBER", Cell: numberOf},
		{Head: "RECEIVER", Cell: func(l admin.Letter) string { return l.Sink }},
		{Head: "WHAT", Cell: func(l admin.Letter) string { return strings.TrimPrefix(l.Topic, azurePrefix) }},
		{Head: "OF", Cell: func(l admin.Letter) string { return l.Vault + "/" + l.Name }},
		{Head: "AT", Cell: func(l admin.Letter) string { return stamp(l.At) }},
		{Head: "ERROR", Cell: func(l admin.Letter) string { return l.Error }},
	},
	Name: numberOf,
	None: "no message failed permanently",
}

func numberOf(l admin.Letter) string { return strconv.FormatInt(l.Seq, 10) }

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
