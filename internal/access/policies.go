package access

import (
	"fmt"
	"slices"
	"strings"
)

// permissionNames are the names that access policies have, by kind; with all
// besides, which is every one of its kind. rng is this server's own, of vaults
// that are an HSM. Those of storage are taken and grant nothing: there is none.
var permissionNames = []struct{ kind, names string }{
	{"certificates", "get list update create import delete recover backup restore managecontacts manageissuers getissuers listissuers setissuers deleteissuers purge"},
	{"keys", "get list update create import delete recover backup restore decrypt encrypt unwrapKey wrapKey verify sign purge release rotate getrotationpolicy setrotationpolicy rng"},
	{"secrets", "get list set delete recover backup restore purge"},
	{"storage", "get list delete set update regeneratekey recover purge backup restore setsas listsas getsas deletesas"},
}

// permissionBits gives each permission its bit, by kind and name in lower case.
var permissionBits = func() map[string]uint64 {
	bits := map[string]uint64{}
	for _, k := range permissionNames {
		for name := range strings.FieldsSeq(strings.ToLower(k.names)) {
			bits[k.kind+" "+name] = 1 << len(bits)
		}
	}
	return bits
}()

// permissionsOf returns the names that a kind has.
func permissionsOf(kind string) []string {
	for _, k := range permissionNames {
		if k.kind == kind {
			return append(strings.Fields(k.names), "all")
		}
	}
	return nil
}

// permissions returns what names of a kind grant.
func permissions(kind string, names []string) (bits uint64, wrong []error) {
	known := permissionsOf(kind)
	for _, name := range names {
		bit, ok := permissionBits[kind+" "+strings.ToLower(name)]
		switch {
		case strings.EqualFold(name, "all"):
			for _, each := range known[:len(known)-1] {
				bits |= permissionBits[kind+" "+strings.ToLower(each)]
			}
		case !ok:
			wrong = append(wrong, fmt.Errorf("%s: %q is an unknown permission\nhint: use one of %s", kind, name, strings.Join(known, ", ")))
		default:
			bits |= bit
		}
	}
	return bits, wrong
}

// all returns what a policy grants.
func (p Permissions) all() (bits uint64, wrong []error) {
	for _, of := range []struct {
		kind  string
		names []string
	}{{"certificates", p.Certificates}, {"keys", p.Keys}, {"secrets", p.Secrets}, {"storage", p.Storage}} {
		b, errs := permissions(of.kind, of.names)
		bits |= b
		wrong = append(wrong, errs...)
	}
	return bits, slices.Clip(wrong)
}
