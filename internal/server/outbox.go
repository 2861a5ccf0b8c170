package server

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"certwright/internal/admin"
	"certwright/internal/notify"
	"certwright/internal/vault"
)

// Outbox lists messages after a Seq, at most limit, delivered anywhere or not.
func (s *Server) Outbox(ctx context.Context, after int64, limit int) (box admin.Outbox, err error) {
	var page []vault.Message
	err = s.store.View(ctx, func(r vault.Reader) (err error) {
		page, err = r.Outbox("", vault.Delivered, after, limit+1)
		return err
	})
	if err != nil {
		return box, err
	}
	if len(page) > limit {
		page = page[:limit]
		box.Next = page[limit-1].Seq
	}
	for _, m := range page {
		if err := put(&box, m, s.vaultURL); err != nil {
			return box, err
		}
	}
	return box, nil
}

func put(box *admin.Outbox, m vault.Message, vaultURL func(string) string) error {
	switch {
	case notify.IsEvent(m):
		text, err := notify.Event(notify.EventGrid, m, vaultURL)
		box.Events = append(box.Events, text)
		return err
	case m.Topic == vault.TopicMail:
		var mail vault.Mail
		if err := json.Unmarshal(m.Body, &mail); err != nil {
			return fmt.Errorf("read message %d: %w", m.Seq, err)
		}
		box.Mails = append(box.Mails, admin.Mail{
			To: strings.Join(mail.To, ", "), Subject: mail.Subject, Text: mail.Text, HTML: mail.HTML, At: m.At.UTC(), Certificate: m.Ref.Name,
		})
	}
	return nil
}
