package service

import "certwright/internal/vault"

// permissions are the actions that the operations ask for which every kind has.
type permissions struct {
	get, list, update, delete, recover, purge, backup, restore vault.Action
}

// actions is the one table of them, in the words of Azure's access policies. A
// kind that is not here has no such operations.
var actions = map[vault.Kind]permissions{
	vault.Certificates: {get: "certificates/get", list: "certificates/list", update: "certificates/update", delete: "certificates/delete",
		recover: "certificates/recover", purge: "certificates/purge", backup: "certificates/backup", restore: "certificates/restore"},
	vault.Keys: {get: "keys/get", list: "keys/list", update: "keys/update", delete: "keys/delete",
		recover: "keys/recover", purge: "keys/purge", backup: "keys/backup", restore: "keys/restore"},
	vault.Secrets: {get: "secrets/get", list: "secrets/list", update: "secrets/set", delete: "secrets/delete",
		recover: "secrets/recover", purge: "secrets/purge", backup: "secrets/backup", restore: "secrets/restore"},
}
