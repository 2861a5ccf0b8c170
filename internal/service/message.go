package service

import (
	"encoding/json"

	"certwright/internal/vault"
)

// newVersionMessage tells that a certificate has a new version, with the data
// members of Event Grid's schema for Key Vault (ISSUERS section 7.3).
func newVersionMessage(v vault.Version) vault.Message {
	body, _ := json.Marshal(map[string]any{ // strings and numbers only: cannot fail
		"VaultName": v.Vault, "ObjectType": "Certificate", "ObjectName": v.Name, "Version": v.ID,
		"NBF": v.Attributes.NotBefore.Unix(), "EXP": v.Attributes.Expires.Unix(),
	})
	return vault.Message{ID: vault.NewID(), Topic: vault.EventNewVersion, Ref: v.Ref, Version: v.ID, At: v.Attributes.Created, Body: body}
}
