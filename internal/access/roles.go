package access

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"certwright/internal/vault"
)

// A builtin is a role that every server has.
type builtin struct {
	name, id string   // the id is Azure's; "" for a role of ours
	patterns []string // those of vaults without what they begin with
}

// builtins are Azure's roles for vaults with their data actions (Microsoft's
// documentation of built-in roles, security), and those for the side door. Three
// of Azure's have none: what they allow is of the management plane.
var builtins = []builtin{
	{"Key Vault Administrator", "00482a5a-887f-4fb3-b363-3b7fe8e74483", []string{"*"}},
	{"Key Vault Reader", "21090545-7ca7-4776-b22c-e363652d74d2", []string{"*/read", "secrets/readMetadata/action"}},
	{"Key Vault Certificates Officer", "a4417e6f-fecd-4de8-b567-7b0420556985", []string{"certificatecas/*", "certificates/*", "certificatecontacts/write"}},
	{"Key Vault Certificate User", "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba", []string{"certificates/read", "secrets/getSecret/action", "secrets/readMetadata/action", "keys/read"}},
	{"Key Vault Crypto Officer", "14b46e9e-c2b7-41b4-b07b-48a6ebf60603", []string{"keys/*", "keyrotationpolicies/*"}},
	{"Key Vault Crypto User", "12338af0-0e69-4776-bea7-57ae8d297424", []string{"keys/read", "keys/update/action", "keys/backup/action", "keys/encrypt/action",
		"keys/decrypt/action", "keys/wrap/action", "keys/unwrap/action", "keys/sign/action", "keys/verify/action"}},
	{"Key Vault Crypto Service Encryption User", "e147488a-f6f5-4113-8e2d-b22465e65bf6", []string{"keys/read", "keys/wrap/action", "keys/unwrap/action"}},
	{"Key Vault Crypto Service Release User", "08bbd89e-9f13-488c-ac41-acfcb10c90ab", []string{"keys/release/action"}},
	{"Key Vault Secrets Officer", "b86a8fe4-44ce-4948-aee5-eccb2c155cd7", []string{"secrets/*"}},
	{"Key Vault Secrets User", "4633458b-17de-408a-b874-0445c86b69e6", []string{"secrets/getSecret/action", "secrets/readMetadata/action"}},
	{"Key Vault Purge Operator", "a68e7c17-0ab2-4c09-9a58-125dae29748c", nil},
	{"Key Vault Contributor", "f25e0fa2-a7c8-4377-a976-54943a77a395", nil},
	{"Key Vault Data Access Administrator", "8b54135c-b56d-4d72-a534-26097cfdc8d8", nil},

	{"Certwright Administrator", "", []string{doorPrefix + "*"}},
	{"Certwright Operator", "", words(ReadOperations, WriteOperations, RevokeCertificates, WriteIssuers, WriteAuthorities, ReadOutbox, WriteOutbox, ReadEvents, ReadMetrics)},
	{"Certwright Auditor", "", words(ReadAudit, ReadOperations, ReadOutbox, ReadEvents, ReadMetrics, ReadAccess)},
	{"Certwright Access Administrator", "", words(ReadAccess, WriteAccess)},
}

func words(actions ...vault.Action) (out []string) {
	for _, a := range actions {
		out = append(out, string(a))
	}
	return out
}

func (b builtin) rights() (r rights) {
	for _, pattern := range b.patterns {
		if b.id != "" {
			pattern = dataPrefix + pattern
		}
		r = r.with(matching(pattern))
	}
	return r
}

// A role is one that assignments may name.
type role struct {
	name   string
	rights rights
}

// A roleBook finds roles by name in any case, and Azure's by id.
type roleBook map[string]role

// newRoleBook returns the built-in roles and an operator's own.
func newRoleBook(own map[string]Role) (book roleBook, wrong []error) {
	book = roleBook{}
	for _, b := range builtins {
		it := role{b.name, b.rights()}
		book[strings.ToLower(b.name)] = it
		if b.id != "" {
			book[b.id] = it
		}
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		r, errs := own[name].compile()
		for _, err := range errs {
			wrong = append(wrong, fmt.Errorf("access: roles: %s: %w", name, err))
		}
		key := strings.ToLower(strings.TrimSpace(name))
		if _, taken := book[key]; taken || key == "" {
			wrong = append(wrong, fmt.Errorf("access: roles: %q is taken; give the role another name", name))
			continue
		}
		book[key] = role{name, r}
	}
	return book, wrong
}

func (b roleBook) find(name string) (role, bool) {
	r, ok := b[strings.ToLower(strings.TrimSpace(name))]
	return r, ok
}

// compile returns what a role of an operator's own grants. A pattern that means
// nothing is an error: it was misspelt.
func (r Role) compile() (rights, []error) {
	var wrong []error
	set := func(key string, patterns []string) (all rights) {
		for _, p := range patterns {
			m := matching(p)
			if m == (rights{}) {
				wrong = append(wrong, fmt.Errorf("%s: %q is an unknown data action\nhint: write one as in %scertificates/read or %soperations/read; * stands for any text", key, p, dataPrefix, doorPrefix))
			}
			all = all.with(m)
		}
		return all
	}
	has, not := set("data_actions", r.DataActions), set("not_data_actions", r.NotDataActions)
	if len(r.DataActions) == 0 {
		wrong = append(wrong, errors.New("data_actions: is missing; write what the role allows, as in ["+dataPrefix+"certificates/read]"))
	}
	return rights{data: has.data &^ not.data, door: has.door &^ not.door}, wrong
}

// hint names the roles that were probably meant, or how to find them.
func (b roleBook) hint(typed string) string {
	for _, r := range b {
		if strings.EqualFold(strings.ReplaceAll(r.name, " ", ""), strings.NewReplacer(" ", "", "-", "", "_", "").Replace(typed)) || strings.EqualFold("Key Vault "+typed, r.name) {
			return "\nhint: did you mean " + r.name + "?"
		}
	}
	return "\nhint: use a built-in role, as in Key Vault Reader or Certwright Operator, or declare it under access: roles"
}
