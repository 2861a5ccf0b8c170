package access

import (
	"context"
	"errors"
	"strings"

	"certwright/internal/vault"
)

// An Answer is what a decision comes to, with what would grant the action where
// it is refused.
type Answer struct {
	Granted bool     `json:"granted"`
	Reason  string   `json:"reason,omitempty"` // what grants it
	Action  string   `json:"action"`
	On      string   `json:"on"`
	Code    string   `json:"code,omitempty"` // of the refusal: the inner one, if it has one
	Message string   `json:"message,omitempty"`
	Roles   []string `json:"roles,omitempty"` // that would grant it
}

// Answer decides, and tells why.
func (t *Table) Answer(ctx context.Context, who vault.Caller, do vault.Action, on vault.Ref) (a Answer, err error) {
	a = Answer{Action: DataAction(do), On: PlaceText(on)}
	if a.Reason, err = t.Decide(ctx, who, do, on); err == nil {
		a.Granted = true
		return a, nil
	}
	var refusal *vault.Error
	if !errors.As(err, &refusal) {
		return a, err
	}
	if a.Code, a.Message = refusal.Inner, refusal.Message; a.Code == "" {
		a.Code = refusal.Code
	}
	policies, known := t.UsesPolicies(on.Vault)
	if (known || on.Vault == "") && !(policies && !strings.HasPrefix(string(do), doorPrefix)) && refusal.Inner == "ForbiddenByRbac" {
		a.Roles = GrantedBy(do)
	}
	return a, nil
}
