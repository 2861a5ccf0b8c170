package admin

import "testing"

// Every endpoint behind the guard has a name in the audit log, and no other has.
func TestEveryGuardedRouteHasANameInTheAudit(t *testing.T) {
	t.Parallel()
	there := map[string]bool{}
	for _, at := range routes() {
		for method := range at.guarded {
			there[method+" "+at.path] = true
		}
		if at.stream != nil {
			there["GET "+at.path] = true
		}
	}
	for route := range there {
		if auditNames[route] == "" {
			t.Errorf("%s has no name", route)
		}
	}
	for route := range auditNames {
		if !there[route] {
			t.Errorf("%s has a name and is not there", route)
		}
	}
}
