package schedule

import (
	"encoding/json"
	"maps"
	"time"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// An Outbox writes messages and mails, each in the transaction that made it true.
type Outbox struct {
	Receivers func(vault.Message) []string // who gets a message, beside those who read the outbox; nil: nobody
	deps      *engine.Deps
}

// Publish writes a message into the outbox, in the transaction that made it true:
// once to be read, and once for every receiver that wants it.
func (o *Outbox) Publish(tx vault.Tx, m vault.Message) error {
	if err := tx.Append(m); err != nil || o.Receivers == nil {
		return err
	}
	for _, sink := range o.Receivers(m) {
		m.Sink, m.Due = sink, m.At
		if err := tx.Append(m); err != nil {
			return err
		}
		if err := o.deliverSoon(tx, m); err != nil {
			return err
		}
	}
	return nil
}

// deliverSoon puts the job that delivers to a sink, unless it is due already.
func (o *Outbox) deliverSoon(tx vault.Tx, m vault.Message) error {
	sink, _, err := engine.Found(tx.Object(vault.SinkRef(m.Sink)))
	if due, planned := sink.Jobs[vault.JobDeliver]; err != nil || planned && !due.After(m.At) {
		return err
	}
	return engine.SetJob(tx, vault.JobDeliver, vault.SinkRef(m.Sink), m.At)
}

// The names of events, by kind of object.
var (
	newVersionEvents = map[vault.Kind]string{vault.Certificates: vault.EventNewVersion, vault.Keys: vault.EventKeyNewVersion, vault.Secrets: vault.EventSecretNewVersion}
	nearExpiryEvents = map[vault.Kind]string{vault.Certificates: vault.EventNearExpiry, vault.Keys: vault.EventKeyNearExpiry, vault.Secrets: vault.EventSecretNearExpiry}
	expiredEvents    = map[vault.Kind]string{vault.Certificates: vault.EventExpired, vault.Keys: vault.EventKeyExpired, vault.Secrets: vault.EventSecretExpired}
)

// newVersionMessage says that an object has a new version.
func newVersionMessage(v vault.Version) vault.Message {
	return message(v, newVersionEvents[v.Kind], v.Attributes.Created)
}

// expiryMessage says that a version is near its expiry, or has expired.
func expiryMessage(v vault.Version, what string, at time.Time) vault.Message {
	events := nearExpiryEvents
	if what == vault.MilestoneExpired {
		events = expiredEvents
	}
	return message(v, events[v.Kind], at)
}

// failedMessage says that the renewal of a version failed for the first time,
// why, and when it is tried again.
func failedMessage(v vault.Version, op vault.Operation, again, at time.Time) vault.Message {
	return message(v, vault.EventRenewalFailed, at, map[string]any{"Code": op.Failure.Code, "Message": op.Failure.Message,
		"Issuer": op.IssuerName, "RequestId": op.RequestID, "NextTry": again.Unix(), "Action": mendAndRetry(v.Ref)})
}

// message is an event with the data members of Event Grid's schema for Key
// Vault (docs/notices.md); what a version has not is left out.
func message(v vault.Version, topic string, at time.Time, more ...map[string]any) vault.Message {
	data := map[string]any{"VaultName": v.Vault, "ObjectType": v.Kind.Title(), "ObjectName": v.Name}
	if v.ID != "" {
		data["Version"] = v.ID
	}
	if c := v.Attributes; !c.NotBefore.IsZero() {
		data["NBF"] = c.NotBefore.Unix()
	}
	if c := v.Attributes; !c.Expires.IsZero() {
		data["EXP"] = c.Expires.Unix()
	}
	for _, m := range more {
		maps.Copy(data, m)
	}
	body, _ := json.Marshal(data) // strings and numbers only: cannot fail
	return vault.Message{ID: vault.NewID(), Topic: topic, Ref: v.Ref, Version: v.ID, At: at, Body: body}
}
