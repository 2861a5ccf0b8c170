package server

import (
	"context"
	"errors"
	"net/http"

	"certwright/internal/access"
	"certwright/internal/audit"
	"certwright/internal/console/pages"
	"certwright/internal/vault"
)

// openPermissions makes who decides what callers may do: everything, in a
// development server, else what the configuration grants them.
func (s *entry) openPermissions(_ context.Context, l *live) error {
	l.may, l.decide, l.rules = access.Everything{}, access.Everything{}, access.Everything{}.Rows
	if !l.config.Production {
		return nil
	}
	table, err := l.config.Permissions()
	if err != nil {
		return err
	}
	if len(table.Rows()) == 0 {
		s.log.Warn("nobody may do anything here: the configuration assigns no role and has no access policy", "setting", "access")
	}
	l.may, l.decide, l.rules = s.audited(table), table, table.Rows
	l.permit = func(r *http.Request, do vault.Action, on vault.Ref) error {
		if do == access.ReadMetrics && table.MetricsFrom(l.signIn.proxies.Address(r)) {
			return nil
		}
		who, err := l.signIn.authenticate(r)
		if err != nil {
			return err
		}
		if do == access.ReadMetrics { // which the audit log has no lines of
			return table.Authorize(r.Context(), who, do, on)
		}
		audit.From(r.Context()).From(who, on.Vault)
		return l.may.Authorize(r.Context(), who, do, on)
	}
	return nil
}

// rules are those in force.
func (s *entry) rules() []access.Row { return s.now().rules() }

// permissions are those in force of a production server, as the console shows them.
func (s *entry) permissions() pages.Permissions {
	return pages.Permissions{Rows: s.rules, Caller: func(text string) (vault.Caller, error) { return s.now().config.Auth.Caller(text) },
		Answer: func(ctx context.Context, who vault.Caller, do vault.Action, on vault.Ref) (access.Answer, error) {
			table, ok := s.now().decide.(*access.Table)
			if !ok {
				return access.Answer{}, errors.New("permissions: this server permits everything")
			}
			return table.Answer(ctx, who, do, on)
		}}
}

// givers are what gives an action on an object to anybody.
func (s *entry) givers(do vault.Action, on vault.Ref) (all []string, narrowed bool) {
	if table, ok := s.now().decide.(*access.Table); ok {
		return table.Givers(do, on)
	}
	return nil, false
}

// sidePermit says whether who asks at the side door may do an action; nil:
// everybody may.
func (s *entry) sidePermit() func(*http.Request, vault.Action, vault.Ref) error {
	if !s.config.Production {
		return nil
	}
	return func(r *http.Request, do vault.Action, on vault.Ref) error { return s.now().permit(r, do, on) }
}
