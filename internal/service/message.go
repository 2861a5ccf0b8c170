package service

import (
	"encoding/json"
	"maps"
	"time"

	"certwright/internal/vault"
)

// tell writes a message into the outbox, in the transaction that made it true:
// once to be read, and once for every sink that wants it.
func (s *Service) tell(tx vault.Tx, m vault.Message) error {
	if err := tx.Append(m); err != nil || s.Sinks == nil {
		return err
	}
	for _, sink := range s.Sinks(m) {
		m.Sink, m.Due = sink, m.At
		if err := tx.Append(m); err != nil {
			return err
		}
		if err := s.deliverSoon(tx, m); err != nil {
			return err
		}
	}
	return nil
}

// deliverSoon puts the job that delivers to a sink, unless it is due already.
func (s *Service) deliverSoon(tx vault.Tx, m vault.Message) error {
	ref := vault.Ref{Vault: "-", Kind: vault.Sinks, Name: m.Sink}
	j, ok, err := found(tx.Job(vault.JobDeliver, ref))
	if err != nil || ok && !j.Due.After(m.At) {
		return err
	}
	return tx.PutJob(vault.Job{Kind: vault.JobDeliver, Ref: ref, Due: m.At})
}

// The names of events, by kind of object.
var (
	newVersionEvents = map[vault.Kind]string{vault.Certificates: vault.EventNewVersion, vault.Keys: vault.EventKeyNewVersion, vault.Secrets: vault.EventSecretNewVersion}
	nearExpiryEvents = map[vault.Kind]string{vault.Certificates: vault.EventNearExpiry, vault.Keys: vault.EventKeyNearExpiry, vault.Secrets: vault.EventSecretNearExpiry}
	expiredEvents    = map[vault.Kind]string{vault.Certificates: vault.EventExpired, vault.Keys: vault.EventKeyExpired, vault.Secrets: vault.EventSecretExpired}
)

// newVersionMessage tells that an object has a new version.
func newVersionMessage(v vault.Version) vault.Message {
	return message(v, newVersionEvents[v.Kind], v.Attributes.Created)
}

// ageMessage tells that a version is near its expiry, or has expired.
func ageMessage(v vault.Version, what string, at time.Time) vault.Message {
	events := nearExpiryEvents
	if what == vault.DidExpired {
		events = expiredEvents
	}
	return message(v, events[v.Kind], at)
}

// failedMessage tells that the renewal of a version failed for the first time,
// why, and when it is tried again.
func failedMessage(v vault.Version, op vault.Operation, again, at time.Time) vault.Message {
	return message(v, vault.EventRenewalFailed, at, map[string]any{"Code": op.Failure.Code, "Message": op.Failure.Message,
		"Issuer": op.IssuerName, "RequestId": op.RequestID, "NextTry": again.Unix()})
}

// message is an event with the data members of Event Grid's schema for Key
// Vault (ISSUERS section 7.3); what a version has not is left out.
func message(v vault.Version, topic string, at time.Time, more ...map[string]any) vault.Message {
	data := map[string]any{"VaultName": v.Vault, "ObjectType": v.Kind.Title(), "ObjectName": v.Name}
	if v.ID != "" {
		data["Version"] = v.ID
	}
	if a := v.Attributes; !a.NotBefore.IsZero() {
		data["NBF"] = a.NotBefore.Unix()
	}
	if a := v.Attributes; !a.Expires.IsZero() {
		data["EXP"] = a.Expires.Unix()
	}
	for _, m := range more {
		maps.Copy(data, m)
	}
	body, _ := json.Marshal(data) // strings and numbers only: cannot fail
	return vault.Message{ID: vault.NewID(), Topic: topic, Ref: v.Ref, Version: v.ID, At: at, Body: body}
}
