package access

import (
	"fmt"
	"strings"

	"certwright/internal/vault"
)

// ParseAction reads an action as people write it: as access policies do,
// certificates/create, or as roles do, Microsoft.KeyVault/vaults/certificates/create/action.
func ParseAction(text string) (vault.Action, error) {
	for _, do := range Actions() {
		if strings.EqualFold(string(do), text) {
			return do, nil
		}
	}
	for _, do := range Actions() {
		if strings.EqualFold(operations[do].action, text) || strings.EqualFold(operations[do].action, dataPrefix+text) {
			return do, nil
		}
	}
	kind, _, _ := strings.Cut(text, "/")
	var near []string
	for _, do := range Actions() {
		if of, verb, _ := strings.Cut(string(do), "/"); strings.EqualFold(of, kind) {
			near = append(near, verb)
		}
	}
	if near == nil {
		return "", fmt.Errorf("%q is an unknown action\nhint: write one as in certificates/create, keys/sign, secrets/get or %soperations/read", vault.Shorten(text), doorPrefix)
	}
	return "", fmt.Errorf("%q is an unknown action\nhint: of %s there are %s", vault.Shorten(text), kind, strings.Join(near, ", "))
}

// DataAction is what roles call an action.
func DataAction(do vault.Action) string {
	if op := operations[do]; op != nil {
		return op.action
	}
	return ""
}

// OfVault reports whether an action is always asked of a vault as a whole: what
// it is about has no name, or the name is not known yet.
func OfVault(do vault.Action) bool {
	kind, verb, _ := strings.Cut(string(do), "/")
	return verb == "restore" || verb == "managecontacts" || kind == "certificates" && strings.HasSuffix(verb, "issuers") || do == "keys/rng"
}

// GrantedBy lists the built-in roles that have an action.
func GrantedBy(do vault.Action) (names []string) {
	for _, b := range builtins {
		if op := operations[do]; op != nil && b.rights().meets(op.role) {
			names = append(names, b.name)
		}
	}
	return names
}

// UsesPolicies reports whether access policies decide about the objects of a
// vault, rather than roles, and whether there is such a vault.
func (t *Table) UsesPolicies(vaultName string) (policies, known bool) {
	v := t.vaults[strings.ToLower(vaultName)]
	return v != nil && v.policies, v != nil
}
