package server

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"certwright/internal/admin"
	"certwright/internal/vault"
)

// eventTopics begin the names of what programs are told (Event Grid's names).
const eventTopics = "Microsoft.KeyVault."

// outboxPage is how many messages are read at a time.
const outboxPage = 500

// An event is a message in Event Grid's schema for Key Vault (ISSUERS section 7.3).
type event struct {
	ID              string         `json:"id"`
	Topic           string         `json:"topic"`
	Subject         string         `json:"subject"`
	EventType       string         `json:"eventType"`
	EventTime       time.Time      `json:"eventTime"`
	Data            map[string]any `json:"data"`
	DataVersion     string         `json:"dataVersion"`
	MetadataVersion string         `json:"metadataVersion"`
}

// Outbox lists what a development server caught: every message, since nothing
// delivers them here.
func (s *Server) Outbox(ctx context.Context) (box admin.Outbox, err error) {
	err = s.store.View(ctx, func(r vault.Reader) error {
		box = admin.Outbox{}
		for after := int64(0); ; {
			page, err := r.Outbox("", vault.Delivered, after, outboxPage)
			if err != nil || len(page) == 0 {
				return err
			}
			for _, m := range page {
				if err := put(&box, m, s.Ready.VaultURLOf); err != nil {
					return err
				}
			}
			after = page[len(page)-1].Seq
		}
	})
	return box, err
}

func put(box *admin.Outbox, m vault.Message, vaultURL func(string) string) error {
	if !strings.HasPrefix(m.Topic, eventTopics) {
		return nil // no such message is written in this release
	}
	data := map[string]any{}
	if err := json.Unmarshal(m.Body, &data); err != nil {
		return fmt.Errorf("read message %d: %w", m.Seq, err)
	}
	data["Id"] = vaultURL(m.Ref.Vault) + "/" + string(m.Ref.Kind) + "/" + m.Ref.Name + "/" + m.Version
	text, err := json.Marshal(event{
		ID: strconv.FormatInt(m.Seq, 10), Topic: "vaults/" + m.Ref.Vault, Subject: m.Ref.Name, EventType: m.Topic,
		EventTime: m.At.UTC(), Data: data, DataVersion: "1", MetadataVersion: "1",
	})
	if err != nil {
		return fmt.Errorf("write message %d: %w", m.Seq, err)
	}
	box.Events = append(box.Events, text)
	return nil
}
