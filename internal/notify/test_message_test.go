package notify

import (
	"context"
	"errors"
	"strings"
	"testing"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// A test message gets to a mail server and to a webhook as others do, without a
// row in the outbox; what a receiver says against it is told, and not tried again.
func TestTestMessages(t *testing.T) {
	t.Parallel()
	store := sqltest.Open(t)
	office, v := (&postOffice{ways: "PLAIN", password: "s3cret"}).open(t), (&receiver{secret: "s3cret"}).open(t)
	away := &shelf{say: func(vault.Message) error { return errors.New("the receiver\r\nis away") }}
	h := newHouse(t, store, map[string]Sink{"mail": mailTo(t, office, nil), "hook": hookTo(t, v, store, nil), "away": away})
	must.Do(t, h.Test(t.Context(), "mail", "ann@example.org"))
	mails := office.mails()
	if len(mails) != 1 || !strings.Contains(mails[0].text, "Subject: A test of Certwright") || !strings.Contains(mails[0].text, "To: <ann@example.org>") {
		t.Errorf("mails: %+v", mails)
	}
	must.Do(t, h.Test(t.Context(), "hook", ""))
	if calls := v.calls(); len(calls) != 1 || !strings.Contains(calls[0].body, `"type":"Certwright.Test"`) || calls[0].header.Get("X-Certwright-Signature") == "" {
		t.Errorf("calls: %+v", calls)
	}
	if !h.TestsMail("mail") || h.TestsMail("hook") || h.TestsMail("none") {
		t.Error("which receivers take mail")
	}
	for _, c := range []struct {
		sink, to string
		reason   vault.Reason
		says     string
	}{
		{"away", "a@example.org", vault.Unavailable, "away did not take the test: the receiver is away"},
		{"mail", "nobody", vault.Invalid, "mail address"},
		{"mail", "", vault.Invalid, "mail address"},
		{"none", "", vault.NotFound, "no receiver none"},
	} {
		refusal := vault.RefusalIn(h.Test(t.Context(), c.sink, c.to))
		if refusal == nil || refusal.Reason != c.reason || !strings.Contains(refusal.Message, c.says) {
			t.Errorf("%s to %q: %+v", c.sink, c.to, refusal)
		}
	}
	for _, name := range []string{"mail", "hook", "away"} {
		h.count(t, name, 0, 0, 0)
	}
}

// One test is sent at a time.
func TestOneTestAtATime(t *testing.T) {
	t.Parallel()
	began, end := make(chan struct{}), make(chan struct{})
	slow := &shelf{say: func(vault.Message) error { close(began); <-end; return nil }}
	h := newHouse(t, sqltest.Open(t), map[string]Sink{"slow": slow, "other": &shelf{}})
	said := make(chan error)
	go func() { said <- h.Test(context.WithoutCancel(t.Context()), "slow", "a@example.org") }()
	<-began
	if refusal := vault.RefusalIn(h.Test(t.Context(), "other", "a@example.org")); refusal == nil || refusal.Reason != vault.Throttled {
		t.Errorf("a second: %v", refusal)
	}
	close(end)
	must.Do(t, <-said)
	must.Do(t, h.Test(t.Context(), "other", "a@example.org"))
}
