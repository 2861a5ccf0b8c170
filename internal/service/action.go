package service

import "certwright/internal/vault"

// The one table of permissions: each operation asks for one, in the words of
// Azure's access policies, finer where its roles are (access/operations.go). Those that more than one kind has are in actions.

// permissions are what the operations of a kind ask for; "" is no operation.
type permissions struct {
	get, getDeleted, list, create, importing, update, delete, recover, purge, backup, restore vault.Action
}

// actions holds them by kind. A kind that is not here has no operations. A merge
// asks for create; what is done to a pending operation or a policy asks for get
// or update.
var actions = map[vault.Kind]permissions{
	vault.Certificates: {get: "certificates/get", getDeleted: "certificates/getdeleted", list: "certificates/list", create: "certificates/create", importing: "certificates/import",
		update: "certificates/update", delete: "certificates/delete", recover: "certificates/recover", purge: "certificates/purge",
		backup: "certificates/backup", restore: "certificates/restore"},
	vault.Keys: {get: "keys/get", getDeleted: "keys/getdeleted", list: "keys/list", create: "keys/create", importing: "keys/import",
		update: "keys/update", delete: "keys/delete", recover: "keys/recover", purge: "keys/purge",
		backup: "keys/backup", restore: "keys/restore"},
	vault.Secrets: {get: "secrets/get", getDeleted: "secrets/getdeleted", list: "secrets/list", create: "secrets/set",
		update: "secrets/update", delete: "secrets/delete", recover: "secrets/recover", purge: "secrets/purge",
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

// useKey is the permission to do one of key_ops with a key of a type: "keys/sign".
// What the public half of a key is enough for asks for less: "keys/verify/public".
func useKey(op string, t vault.KeyType) vault.Action {
	public := op == vault.OpEncrypt || op == vault.OpVerify || op == vault.OpWrapKey
	if public && t != vault.Oct && t != vault.OctHSM {
		op += "/public"
	}
	return vault.Action("keys/" + op)
}
