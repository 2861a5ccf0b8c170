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

// outboxPage is how many messages are read at a time.
const outboxPage = 500

// Outbox lists every message, delivered anywhere or not.
func (s *Server) Outbox(ctx context.Context) (box admin.Outbox, err error) {
	err = s.store.View(ctx, func(r vault.Reader) error {
		box = admin.Outbox{}
		for after := int64(0); ; {
			page, err := r.Outbox("", vault.Delivered, after, outboxPage)
			if err != nil || len(page) == 0 {
				return err
			}
			for _, m := range page {
				if err := put(&box, m, s.vaultURL); err != nil {
					return err
				}
			}
			after = page[len(page)-1].Seq
		}
	})
	return box, err
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
