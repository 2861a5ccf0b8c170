package notify

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"certwright/internal/vault"
)

// The schemas of events.
const (
	CloudEvents = "cloudevents" // CloudEvents 1.0, structured JSON
	EventGrid   = "eventgrid"   // Azure Event Grid's own, a list of one
)

// What the names of events begin with: Key Vault's, and our own.
const (
	eventTopics = "Microsoft.KeyVault."
	ownTopics   = "Certwright."
)

// IsEvent reports whether the message is for programs; others are for people.
func IsEvent(m vault.Message) bool {
	return strings.HasPrefix(m.Topic, eventTopics) || strings.HasPrefix(m.Topic, ownTopics)
}

// A gridEvent is an event in Event Grid's schema for Key Vault (docs/notices.md).
type gridEvent struct {
	ID              string         `json:"id"`
	Topic           string         `json:"topic"`
	Subject         string         `json:"subject"`
	EventType       string         `json:"eventType"`
	EventTime       time.Time      `json:"eventTime"`
	Data            map[string]any `json:"data"`
	DataVersion     string         `json:"dataVersion"`
	MetadataVersion string         `json:"metadataVersion"`
}

// A cloudEvent is the same in CloudEvents 1.0; Azure's has the topic as source.
type cloudEvent struct {
	SpecVersion     string         `json:"specversion"`
	ID              string         `json:"id"`
	Source          string         `json:"source"`
	Type            string         `json:"type"`
	Subject         string         `json:"subject"`
	Time            time.Time      `json:"time"`
	DataContentType string         `json:"datacontenttype"`
	Data            map[string]any `json:"data"`
}

// Event returns an event as JSON on one line, in Event Grid's schema without the
// list around it, or as a CloudEvent. vaultURL gives the address of a vault, as
// in https://web.vault.localhost:8443; data.Id begins with it.
func Event(schema string, m vault.Message, vaultURL func(vault string) string) ([]byte, error) {
	data, err := eventData(m, vaultURL)
	if err != nil {
		return nil, err
	}
	topic := "vaults/" + m.Ref.Vault
	if schema == EventGrid {
		return json.Marshal(gridEvent{
			ID: m.ID, Topic: topic, Subject: m.Ref.Name, EventType: m.Topic, EventTime: m.At.UTC(), Data: data,
			DataVersion: "1", MetadataVersion: "1",
		})
	}
	return json.Marshal(cloudEvent{
		SpecVersion: "1.0", ID: m.ID, Source: topic, Type: m.Topic, Subject: m.Ref.Name, Time: m.At.UTC(),
		DataContentType: "application/json", Data: data,
	})
}

// eventData is the message's body with the member that depends on where the server is.
func eventData(m vault.Message, vaultURL func(string) string) (map[string]any, error) {
	body := map[string]json.RawMessage{}
	if err := json.Unmarshal(m.Body, &body); err != nil {
		return nil, fmt.Errorf("read message %d: %w", m.Seq, err)
	}
	data := map[string]any{}
	for k, v := range body {
		data[k] = v
	}
	id := vaultURL(m.Ref.Vault) + "/" + string(m.Ref.Kind) + "/" + m.Ref.Name
	if m.Version != "" {
		id += "/" + m.Version
	}
	data["Id"] = id
	return data, nil
}
