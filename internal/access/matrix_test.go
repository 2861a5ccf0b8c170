package access

import (
	"regexp"
	"strings"
	"testing"

	"certwright/internal/vault"
)

// azureRoles are Microsoft's built-in roles for vaults as their documentation has
// them, and azureOperations what each operation of a vault asks for, by the same:
// what actions.go, roles.go and operations.go are held to.
var azureRoles = map[string]string{
	"Key Vault Administrator":                  "*",
	"Key Vault Reader":                         "*/read secrets/readMetadata/action",
	"Key Vault Certificates Officer":           "certificatecas/* certificates/* certificatecontacts/write",
	"Key Vault Certificate User":               "certificates/read secrets/getSecret/action secrets/readMetadata/action keys/read",
	"Key Vault Crypto Officer":                 "keys/* keyrotationpolicies/*",
	"Key Vault Crypto User":                    "keys/read keys/update/action keys/backup/action keys/encrypt/action keys/decrypt/action keys/wrap/action keys/unwrap/action keys/sign/action keys/verify/action",
	"Key Vault Crypto Service Encryption User": "keys/read keys/wrap/action keys/unwrap/action",
	"Key Vault Crypto Service Release User":    "keys/release/action",
	"Key Vault Secrets Officer":                "secrets/*",
	"Key Vault Secrets User":                   "secrets/getSecret/action secrets/readMetadata/action",
	"Key Vault Purge Operator":                 "",
	"Key Vault Contributor":                    "",
	"Key Vault Data Access Administrator":      "",
}

// azureOperations: the action, the data action, and "vault" where it is asked of
// the vault as a whole.
const azureOperations = `
certificates/get certificates/read
certificates/list certificates/read vault
certificates/getdeleted certificates/read
certificates/create certificates/create/action
certificates/import certificates/import/action
certificates/update certificates/update/action
certificates/delete certificates/delete
certificates/recover certificates/recover/action
certificates/purge certificates/purge/action
certificates/backup certificates/backup/action
certificates/restore certificates/restore/action vault
certificates/managecontacts certificatecontacts/write vault
certificates/listissuers certificatecas/read vault
certificates/getissuers certificatecas/read vault
certificates/setissuers certificatecas/write vault
certificates/deleteissuers certificatecas/delete vault
keys/get keys/read
keys/list keys/read vault
keys/getdeleted keys/read
keys/create keys/create/action
keys/import keys/import/action
keys/update keys/update/action
keys/delete keys/delete
keys/recover keys/recover/action
keys/purge keys/purge/action
keys/backup keys/backup/action
keys/restore keys/restore/action vault
keys/rotate keys/rotate/action
keys/release keys/release/action
keys/getrotationpolicy keyrotationpolicies/read
keys/setrotationpolicy keyrotationpolicies/write
keys/encrypt keys/encrypt/action
keys/verify keys/verify/action
keys/wrapKey keys/wrap/action
keys/encrypt/public keys/encrypt/action|keys/read
keys/verify/public keys/verify/action|keys/read
keys/wrapKey/public keys/wrap/action|keys/read
keys/decrypt keys/decrypt/action
keys/unwrapKey keys/unwrap/action
keys/sign keys/sign/action
keys/rng rng/action vault
secrets/get secrets/getSecret/action
secrets/list secrets/readMetadata/action vault
secrets/getdeleted secrets/readMetadata/action
secrets/set secrets/setSecret/action
secrets/update secrets/update/action
secrets/delete secrets/delete
secrets/recover secrets/recover/action
secrets/purge secrets/purge/action
secrets/backup secrets/backup/action
secrets/restore secrets/restore/action vault`

// grantsInAzure evaluates a role the plain way.
func grantsInAzure(patterns, actions string) bool {
	for action := range strings.SplitSeq(actions, "|") {
		for p := range strings.FieldsSeq(patterns) {
			if regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(p), `\*`, ".*") + "$").MatchString(action) {
				return true
			}
		}
	}
	return false
}

// TestOperationsByRole decides every operation for every built-in role, given on
// the vault, on the object, on another object, on another vault and everywhere,
// and compares with the documentation.
func TestOperationsByRole(t *testing.T) {
	t.Parallel()
	decided, granted := 0, 0
	for role, patterns := range azureRoles {
		for line := range strings.Lines(strings.TrimSpace(azureOperations)) {
			cells := strings.Fields(line)
			do, ofVault := vault.Action(cells[0]), len(cells) == 3
			kind, _, _ := strings.Cut(cells[0], "/")
			on := vault.Ref{Vault: "web", Kind: vault.Kind(kind), Name: "Site"}
			if ofVault {
				on.Name = ""
			}
			has := grantsInAzure(patterns, cells[1])
			for scope, reaches := range map[string]bool{
				"/":                                        true,
				"/vaults/web":                              true,
				"/vaults/w*":                               true,
				"/vaults/shop":                             false,
				"/vaults/web/" + kind + "/site":            !ofVault,
				"/vaults/web/" + kind + "/s*":              !ofVault,
				"/vaults/web/" + kind + "/*":               !ofVault,
				"/vaults/web/" + kind + "/sit":             false,
				"/vaults/web/" + kind + "/site-2":          false,
				"/vaults/shop/" + kind + "/site":           false,
				"/vaults/web/" + otherKind(kind) + "/site": false,
			} {
				table := tableOf(t, Settings{Assignments: []Assignment{{Role: role, To: Principal{Issuer: "corp", Subject: "ann"}, On: scope}}},
					Vault{Name: "web"}, Vault{Name: "shop"})
				reason, err := table.Decide(t.Context(), vault.Caller{Issuer: "corp", Subject: "ann"}, do, on)
				decided++
				if want := has && reaches; (err == nil) != want {
					t.Errorf("%s on %s, %s: %q, %v, want granted %v", role, scope, do, reason, err, want)
				} else if want {
					granted++
				}
			}
		}
	}
	if decided != 13*51*11 || granted < 800 {
		t.Errorf("%d decisions, %d granted", decided, granted)
	}
}

// otherKind is a kind that a scope of another kind does not reach.
func otherKind(kind string) string {
	return map[string]string{"certificates": "keys", "keys": "secrets", "secrets": "certificates"}[kind]
}

// TestEveryActionHasItsRow: what the tables above have is all that there is, of
// vaults, and the data actions are the 52 of Azure and rng.
func TestEveryActionHasItsRow(t *testing.T) {
	t.Parallel()
	rows := map[vault.Action]bool{}
	for line := range strings.Lines(strings.TrimSpace(azureOperations)) {
		rows[vault.Action(strings.Fields(line)[0])] = true
	}
	for _, do := range Actions() {
		if !rows[do] && !strings.HasPrefix(string(do), doorPrefix) {
			t.Errorf("%s is not in the matrix", do)
		}
		if operations[do] == nil {
			t.Errorf("%s has no operation", do)
		}
	}
	if len(rows)+len(doorActions) != len(operations) || len(Actions()) != len(operations) {
		t.Errorf("%d rows, %d at the side door, %d operations", len(rows), len(doorActions), len(operations))
	}
	seen := map[string]bool{}
	for _, a := range dataActions {
		seen[a] = true
	}
	if len(seen) != 53 || len(dataActions) != 53 {
		t.Errorf("%d data actions, %d of them different", len(dataActions), len(seen))
	}
	for do, op := range operations {
		if op.role == (rights{}) || !op.door && (op.policy.policy == 0 || op.permission == "") {
			t.Errorf("%s can be granted by nothing", do)
		}
	}
	if m := matching(dataPrefix + "keys/*"); bitsIn(m.data) != 17 || bitsIn(matching(dataPrefix+"storageaccounts/*").data) != 11 {
		t.Errorf("%d data actions of keys", bitsIn(m.data))
	}
}

func bitsIn(mask uint64) (n int) {
	for ; mask != 0; mask &= mask - 1 {
		n++
	}
	return n
}

// policyNames is what each name of an access policy lets its holder do.
var policyNames = map[string]string{
	"certificates get": "certificates/get certificates/getdeleted", "certificates list": "certificates/list", "certificates update": "certificates/update",
	"certificates create": "certificates/create", "certificates import": "certificates/import", "certificates delete": "certificates/delete",
	"certificates recover": "certificates/recover", "certificates backup": "certificates/backup", "certificates restore": "certificates/restore",
	"certificates purge": "certificates/purge", "certificates managecontacts": "certificates/managecontacts",
	"certificates manageissuers": "certificates/getissuers certificates/listissuers certificates/setissuers certificates/deleteissuers",
	"certificates getissuers":    "certificates/getissuers", "certificates listissuers": "certificates/listissuers",
	"certificates setissuers": "certificates/setissuers", "certificates deleteissuers": "certificates/deleteissuers",
	"keys get": "keys/get keys/getdeleted", "keys list": "keys/list", "keys update": "keys/update", "keys create": "keys/create", "keys import": "keys/import",
	"keys delete": "keys/delete", "keys recover": "keys/recover", "keys backup": "keys/backup", "keys restore": "keys/restore", "keys purge": "keys/purge",
	"keys decrypt": "keys/decrypt", "keys encrypt": "keys/encrypt keys/encrypt/public", "keys unwrapKey": "keys/unwrapKey",
	"keys wrapKey": "keys/wrapKey keys/wrapKey/public", "keys verify": "keys/verify keys/verify/public", "keys sign": "keys/sign",
	"keys release": "keys/release", "keys rotate": "keys/rotate", "keys getrotationpolicy": "keys/getrotationpolicy", "keys setrotationpolicy": "keys/setrotationpolicy", "keys rng": "keys/rng",
	"secrets get": "secrets/get secrets/getdeleted", "secrets list": "secrets/list", "secrets set": "secrets/set secrets/update", "secrets delete": "secrets/delete",
	"secrets recover": "secrets/recover", "secrets backup": "secrets/backup", "secrets restore": "secrets/restore", "secrets purge": "secrets/purge",
}

// TestOperationsByPermission gives one permission and asks for everything.
func TestOperationsByPermission(t *testing.T) {
	t.Parallel()
	names := map[string]string{"certificates all": "", "keys all": "", "secrets all": "", "storage all": "", "storage getsas": "", "SECRETS GET": policyNames["secrets get"]}
	for name, does := range policyNames {
		names[name] = does
		kind, _, _ := strings.Cut(name, " ")
		names[kind+" all"] += " " + does
	}
	for name, does := range names {
		kind, verb, _ := strings.Cut(name, " ")
		p := Policy{Issuer: "corp", ObjectID: "ann"}
		*map[string]*[]string{"certificates": &p.Permissions.Certificates, "keys": &p.Permissions.Keys,
			"secrets": &p.Permissions.Secrets, "storage": &p.Permissions.Storage}[strings.ToLower(kind)] = []string{verb}
		table := tableOf(t, Settings{Model: "policy"}, Vault{Name: "web", Access: VaultSettings{Policies: []Policy{p}}}, Vault{Name: "shop"})
		for _, do := range Actions() {
			kind, _, _ := strings.Cut(string(do), "/")
			want := strings.Contains(" "+does+" ", " "+string(do)+" ")
			for _, who := range []vault.Caller{{Issuer: "corp", Subject: "ann"}, {Issuer: "corp", Subject: "bob", Groups: []string{"x", "ann"}}} {
				if _, err := table.Decide(t.Context(), who, do, vault.Ref{Vault: "web", Kind: vault.Kind(kind), Name: "any"}); (err == nil) != want {
					t.Errorf("%s, asked for %s: %v, want granted %v", name, do, err, want)
				}
			}
			if _, err := table.Decide(t.Context(), vault.Caller{Issuer: "corp", Subject: "ann"}, do, vault.Ref{Vault: "shop", Kind: vault.Kind(kind), Name: "any"}); err == nil {
				t.Errorf("%s grants %s in another vault", name, do)
			}
		}
	}
	if len(permissionBits) != 45+14 {
		t.Errorf("%d permissions", len(permissionBits))
	}
}
