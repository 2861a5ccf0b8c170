package access

import (
	"slices"
	"strings"

	"certwright/internal/vault"
)

// Givers lists every assignment or policy that gives an action on an object to
// somebody, as reasons have them, and whether the network rules of its vault let
// in only some addresses.
func (t *Table) Givers(do vault.Action, on vault.Ref) (all []string, narrowed bool) {
	v, op := t.vaults[strings.ToLower(on.Vault)], operations[do]
	if v == nil || op == nil {
		return nil, false
	}
	need := op.role
	if v.policies && !op.door {
		need = op.policy
	}
	for _, p := range v.grants {
		for _, b := range []*book{&p.subjects, &p.groups, &p.roles, &p.clients} {
			for _, grants := range b.grants {
				for i := range grants {
					if g := &grants[i]; g.rights.meets(need) && g.scope.covers(on) {
						all = append(all, g.reason)
					}
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all), v.firewall.closed && !op.door
}
