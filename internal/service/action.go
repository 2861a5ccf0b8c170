package service

import "certwright/internal/vault"

// The one table of permissions: each operation asks for one, in the words of
// Azure's access policies. Those that more than one kind has are in actions.

// permissions are what the operations of a kind ask for; "" is no operation.
type permissions struct {
	get, list, create, importing, update, delete, recover, purge, backup, restore vault.Action
}

// actions holds them by kind. A kind that is not here has no operations. A merge
// asks for create; what is done to a pending operation or a policy asks for get
// or update.
var actions = map[vault.Kind]permissions{
	vault.Certificates: {get: "certificates/get", list: "certificates/list", create: "certificates/create", importing: "certificates/import",
		update: "certificates/update", delete: "certificates/delete", recover: "certificates/recover", purge: "certificates/purge",
		backup: "certificates/backup", restore: "certificates/restore"},
	vault.Keys: {get: "keys/get", list: "keys/list", create: "keys/create", importing: "keys/import",
		update: "keys/update", delete: "keys/delete", recover: "keys/recover", purge: "keys/purge",
		backup: "keys/backup", restore: "keys/restore"},
	vault.Secrets: {get: "secrets/get", list: "secrets/list", create: "secrets/set",
		update: "secrets/set", delete: "secrets/delete", recover: "secrets/recover", purge: "secrets/purge",
		backup: "secrets/backup", restore: "secrets/restore"},
}

// The permissions of operations that only one kind has.
const (
	manageContacts vault.Action = "certificates/managecontacts"
	listIssuers    vault.Action = "certificates/listissuers"
	getIssuers     vault.Action = "certificates/getissuers"
	setIssuers     vault.Action = "certificates/setissuers"
	deleteIssuers  vault.Action = "certificates/deleteissuers"

	rotateKey         vault.Action = "keys/rotate"
	getRotationPolicy vault.Action = "keys/getrotationpolicy"
	setRotationPolicy vault.Action = "keys/setrotationpolicy"
	releaseKey        vault.Action = "keys/release"
	randomBytes       vault.Action = "keys/rng"
)

// useKey is the permission to do one of key_ops: "keys/sign".
func useKey(op string) vault.Action { return vault.Action("keys/" + op) }
