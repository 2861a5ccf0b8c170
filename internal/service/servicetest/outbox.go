package servicetest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

// Events lists what is in the outbox on a topic.
func (h *House) Events(t testing.TB, topic string) (list []vault.Message) {
	t.Helper()
	for _, m := range h.Messages(t) {
		if m.Topic == topic {
			list = append(list, m)
		}
	}
	return list
}

// Mail reads a message that is one.
func Mail(t testing.TB, m vault.Message) (mail vault.Mail) {
	t.Helper()
	Must(t, json.Unmarshal(m.Body, &mail))
	return mail
}

// Sent returns what of the outbox has a topic and, for mails, a part of a subject.
func (h *House) Sent(t testing.TB, topic, subject string) (at []time.Time, bodies []string) {
	t.Helper()
	for _, m := range h.Events(t, topic) {
		body := string(m.Body)
		if topic == vault.TopicMail {
			mail := Mail(t, m)
			if body = mail.Text; !strings.Contains(mail.Subject, subject) {
				continue
			}
		}
		at, bodies = append(at, m.At), append(bodies, body)
	}
	return at, bodies
}

// Outbox counts what was told, by topic; mails by the end of their subject.
func (h *House) Outbox(t testing.TB) map[string]int {
	t.Helper()
	count := map[string]int{}
	for _, m := range h.Messages(t) {
		what := strings.TrimPrefix(m.Topic, "Microsoft.KeyVault.")
		if m.Topic == vault.TopicMail {
			_, what, _ = strings.Cut(Mail(t, m).Subject, "in vault default ")
			what, _, _ = strings.Cut(what, " on ")
		}
		count[what]++
	}
	return count
}

// WantOutbox fails unless just this was told.
func (h *House) WantOutbox(t testing.TB, want map[string]int) {
	t.Helper()
	if diff := cmp.Diff(want, h.Outbox(t)); diff != "" {
		t.Errorf("outbox (-want +got):\n%s", diff)
	}
}
