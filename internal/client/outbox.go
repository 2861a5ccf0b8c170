package client

import (
	"context"
	"encoding/json"
	"iter"
	"strconv"

	"certwright/internal/admin"
)

// Outbox returns the mails and events of the server, all pages, oldest first.
func (c *Client) Outbox(ctx context.Context) (all admin.Outbox, err error) {
	all = admin.Outbox{Mails: []admin.Mail{}, Events: []json.RawMessage{}}
	for path := "/admin/outbox"; ; {
		page, err := get[admin.Outbox](ctx, c, path)
		if err != nil {
			return all, err
		}
		all.Mails, all.Events = append(all.Mails, page.Mails...), append(all.Events, page.Events...)
		if page.Next == 0 {
			return all, nil
		}
		path = "/admin/outbox?after=" + strconv.FormatInt(page.Next, 10)
	}
}

// Dead goes through the messages that were given up, oldest first. It ends with
// the first error.
func (c *Client) Dead(ctx context.Context) iter.Seq2[admin.Letter, error] {
	return func(yield func(admin.Letter, error) bool) {
		for after := int64(0); ; {
			page, err := get[admin.Letters](ctx, c, "/admin/outbox/dead?after="+strconv.FormatInt(after, 10))
			if err != nil {
				yield(admin.Letter{}, err)
				return
			}
			for _, l := range page.Dead {
				if !yield(l, nil) {
					return
				}
			}
			if after = page.Next; after == 0 {
				return
			}
		}
	}
}

// Resend queues messages that failed permanently again and tells how many messages that were.
func (c *Client) Resend(ctx context.Context, what admin.ResendRequest) (int, error) {
	done, err := post[admin.Resent](ctx, c, "/admin/outbox/resend", what)
	return done.Resent, err
}
