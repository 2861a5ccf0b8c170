package access

import (
	"strings"

	"certwright/internal/vault"
)

// An operation is what an action asks for, in both models: of the rights, any
// one will do.
type operation struct {
	permission string // of an access policy, as refusals spell it: "secrets list"
	action     string // the data action, or that of the side door
	policy     rights
	role       rights
	door       bool // not about a vault's objects: no model but roles
}

// operationRows are the actions that operations of vaults ask for, the
// permission of an access policy that each is, and its data action. What stands
// behind a bar suffices as well.
const operationRows = `
certificates/get            | certificates get            | certificates/read
certificates/list           | certificates list           | certificates/read
certificates/getdeleted     | certificates get            | certificates/read
certificates/create         | certificates create         | certificates/create/action
certificates/import         | certificates import         | certificates/import/action
certificates/update         | certificates update         | certificates/update/action
certificates/delete         | certificates delete         | certificates/delete
certificates/recover        | certificates recover        | certificates/recover/action
certificates/purge          | certificates purge          | certificates/purge/action
certificates/backup         | certificates backup         | certificates/backup/action
certificates/restore        | certificates restore        | certificates/restore/action
certificates/managecontacts | certificates managecontacts | certificatecontacts/write
certificates/listissuers    | certificates listissuers, certificates manageissuers   | certificatecas/read
certificates/getissuers     | certificates getissuers, certificates manageissuers    | certificatecas/read
certificates/setissuers     | certificates setissuers, certificates manageissuers    | certificatecas/write
certificates/deleteissuers  | certificates deleteissuers, certificates manageissuers | certificatecas/delete
keys/get                    | keys get                    | keys/read
keys/list                   | keys list                   | keys/read
keys/getdeleted             | keys get                    | keys/read
keys/create                 | keys create                 | keys/create/action
keys/import                 | keys import                 | keys/import/action
keys/update                 | keys update                 | keys/update/action
keys/delete                 | keys delete                 | keys/delete
keys/recover                | keys recover                | keys/recover/action
keys/purge                  | keys purge                  | keys/purge/action
keys/backup                 | keys backup                 | keys/backup/action
keys/restore                | keys restore                | keys/restore/action
keys/rotate                 | keys rotate                 | keys/rotate/action
keys/release                | keys release                | keys/release/action
keys/getrotationpolicy      | keys getrotationpolicy      | keyrotationpolicies/read
keys/setrotationpolicy      | keys setrotationpolicy      | keyrotationpolicies/write
keys/encrypt                | keys encrypt                | keys/encrypt/action
keys/verify                 | keys verify                 | keys/verify/action
keys/wrapKey                | keys wrapKey                | keys/wrap/action
keys/encrypt/public         | keys encrypt                | keys/encrypt/action, keys/read
keys/verify/public          | keys verify                 | keys/verify/action, keys/read
keys/wrapKey/public         | keys wrapKey                | keys/wrap/action, keys/read
keys/decrypt                | keys decrypt                | keys/decrypt/action
keys/unwrapKey              | keys unwrapKey              | keys/unwrap/action
keys/sign                   | keys sign                   | keys/sign/action
keys/rng                    | keys rng                    | rng/action
secrets/get                 | secrets get                 | secrets/getSecret/action
secrets/list                | secrets list                | secrets/readMetadata/action
secrets/getdeleted          | secrets get                 | secrets/readMetadata/action
secrets/set                 | secrets set                 | secrets/setSecret/action
secrets/update              | secrets set                 | secrets/update/action
secrets/delete              | secrets delete              | secrets/delete
secrets/recover             | secrets recover             | secrets/recover/action
secrets/purge               | secrets purge               | secrets/purge/action
secrets/backup              | secrets backup              | secrets/backup/action
secrets/restore             | secrets restore             | secrets/restore/action
`

// operations are those rows, and the actions of the side door, by action.
var operations = func() map[vault.Action]*operation {
	all := map[vault.Action]*operation{}
	for line := range strings.Lines(strings.TrimSpace(operationRows)) {
		cells := strings.Split(line, "|")
		do := vault.Action(strings.TrimSpace(cells[0]))
		all[do] = newOperation(cellWords(cells[1]), cellWords(cells[2]))
	}
	for i, a := range doorActions {
		all[vault.Action(a)] = &operation{action: a, role: rights{door: 1 << i}, door: true}
	}
	return all
}()

func cellWords(cell string) []string {
	list := strings.Split(cell, ",")
	for i, w := range list {
		list[i] = strings.TrimSpace(w)
	}
	return list
}

func newOperation(names, actions []string) *operation {
	op := &operation{permission: names[0], action: dataPrefix + actions[0]}
	for _, n := range names {
		op.policy.policy |= permissionBits[strings.ToLower(n)]
	}
	for _, a := range actions {
		op.role = op.role.with(matching(dataPrefix + a))
	}
	return op
}

// Actions returns every action that may be asked for.
func Actions() []vault.Action {
	var all []vault.Action
	for line := range strings.Lines(strings.TrimSpace(operationRows)) {
		all = append(all, vault.Action(strings.TrimSpace(line[:strings.IndexByte(line, '|')])))
	}
	for _, a := range doorActions {
		all = append(all, vault.Action(a))
	}
	return all
}
