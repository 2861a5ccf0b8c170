package notify

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"certwright/internal/vault"
)

// EventTest is the type of the event that Test sends: it tells of nothing.
const EventTest = ownTopics + "Test"

const testTime = 10 * time.Second // for a receiver to take a test

// Test hands a receiver a message that says that it is a test, at once and only
// once, and tells what came of it: nil if it was taken. Mail goes to an address.
// One test is made at a time.
func (c *Delivery) Test(ctx context.Context, name, to string) error {
	sink, ok := c.Sinks[name]
	if !ok {
		return &vault.Error{Reason: vault.NotFound, Code: "NotFound", Message: "The configuration has no receiver " + vault.Shorten(name) + "."}
	}
	select {
	case c.testing <- struct{}{}:
		defer func() { <-c.testing }()
	default:
		return &vault.Error{Reason: vault.Throttled, Code: "Throttled", Message: "Another test message is on its way: wait a moment."}
	}
	m, err := testMessage(sink, to, c.Clock.Now())
	if err != nil {
		return err
	}
	within, stop := context.WithTimeout(ctx, testTime)
	defer stop()
	err = sink.Send(within, m)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, vault.ErrPaced):
		return &vault.Error{Reason: vault.Throttled, Code: "Throttled", Message: "The receiver " + name + " asked to be left alone for a while: try again later."}
	}
	return &vault.Error{Reason: vault.Unavailable, Code: "ServiceUnavailable", Message: "The receiver " + name + " did not take the test: " + plain(err.Error(), maxError)}
}

// TestsMail reports whether a receiver of the configuration takes mail, so that a
// test needs an address.
func (c *Delivery) TestsMail(name string) bool {
	sink, ok := c.Sinks[name]
	return ok && sink.Wants(vault.Message{Topic: vault.TopicMail})
}

// testMessage is a mail, or an event of a vault that there is not.
func testMessage(sink Sink, to string, now time.Time) (m vault.Message, err error) {
	m = vault.Message{ID: vault.NewID(), Topic: EventTest, Ref: vault.Ref{Vault: "test", Kind: vault.Certificates, Name: "test"}, At: now}
	if !sink.Wants(vault.Message{Topic: vault.TopicMail}) {
		m.Body, err = json.Marshal(map[string]any{"VaultName": "test", "ObjectType": "Certificate", "ObjectName": "test"})
		return m, err
	}
	if !vault.IsAddress(to) {
		return m, vault.Bad("Write the mail address that the test goes to.")
	}
	m.Topic = vault.TopicMail
	m.Body, err = json.Marshal(vault.Mail{To: []string{to}, Subject: "A test of Certwright's mail",
		Text: "Somebody who runs this server had it send a test. Mail about certificates gets here the same way; there is nothing to do.\n"})
	return m, err
}
