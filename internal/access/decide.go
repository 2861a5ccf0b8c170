package access

import (
	"context"
	"fmt"
	"strings"

	"certwright/internal/vault"
)

// Authorize implements vault.Authorizer.
func (t *Table) Authorize(ctx context.Context, who vault.Caller, do vault.Action, on vault.Ref) error {
	_, err := t.Decide(ctx, who, do, on)
	return err
}

// Decide implements vault.Decider. What grants an action is one assignment or
// policy that has it; there are none that take away. A granted decision takes no
// memory.
func (t *Table) Decide(_ context.Context, who vault.Caller, do vault.Action, on vault.Ref) (string, error) {
	op, ok := operations[do]
	if !ok {
		return "", fmt.Errorf("access: the action %q is not in the table", do)
	}
	if who.Issuer == vault.RecoveryIssuer {
		return "the recovery token", nil
	}
	if on.Vault == "" && op.door {
		if g, _ := t.server.find(&who, op.role, on); g != nil {
			return g.reason, nil
		}
		return "", vault.ForbiddenByRbac(who, t.iss(who), op.action, "/", vault.Place{})
	}
	v := t.vaults[strings.ToLower(on.Vault)]
	if v == nil {
		return "", vault.NoSuchVault(vault.Shorten(on.Vault))
	}
	return t.decideIn(v, &who, op, on)
}

// decideIn decides what is about a vault.
func (t *Table) decideIn(v *vaultRules, who *vault.Caller, op *operation, on vault.Ref) (string, error) {
	byPolicy := v.policies && !op.door
	need := op.role
	if byPolicy {
		need = op.policy
	}
	if !op.door && !v.firewall.lets(who.Address) {
		return "", vault.ForbiddenByFirewall(*who, t.iss(*who), who.Address, v.place)
	}
	g, needsUser := v.grants.find(who, need, on)
	switch {
	case g != nil:
		return g.reason, nil
	case needsUser:
		return "", vault.ForbiddenByPolicy(*who, t.iss(*who))
	case byPolicy:
		return "", vault.AccessDenied(*who, t.iss(*who), op.permission, v.place)
	}
	resource := v.path
	if on.Name != "" {
		resource += "/" + string(on.Kind) + "/" + on.Key()
	}
	return "", vault.ForbiddenByRbac(*who, t.iss(*who), op.action, resource, v.place)
}

// iss is how refusals name a caller's issuer: by its URL, where that is known.
func (t *Table) iss(who vault.Caller) string {
	if url, ok := t.issuers[who.Issuer]; ok {
		return url
	}
	return who.Issuer
}
