package api

import (
	"testing"

	"certwright/internal/audit"
)

// Every operation of the API has a name in the audit log, and what changes
// something is known to: all but GET does, but for the uses of keys.
func TestEveryRouteHasANameInTheAudit(t *testing.T) {
	t.Parallel()
	uses := map[string]bool{"encrypt": true, "decrypt": true, "sign": true, "verify": true, "wrapKey": true, "unwrapKey": true, "release": true,
		"GetRandomBytes": true, "BackupCertificate": true, "BackupKey": true, "BackupSecret": true}
	names := map[string]string{}
	for _, r := range rows() {
		op, ok := audit.OperationOf(r.operation)
		if !ok {
			t.Errorf("%s %s: %s has no name", r.method, r.path, r.operation)
		}
		want := audit.Changes
		switch {
		case uses[r.operation], r.operation == "GetSecret":
			want = audit.Reveals
		case r.method == "GET", r.operation == "NoOperation":
			want = audit.Reads
		}
		if op.Effect != want {
			t.Errorf("%s: effect %d, want %d", r.operation, op.Effect, want)
		}
		if id, taken := names[op.Name]; taken && id != r.operation {
			t.Errorf("%s and %s have one name, %s", id, r.operation, op.Name)
		}
		names[op.Name] = r.operation
	}
	if len(names) < 60 {
		t.Errorf("%d names", len(names))
	}
}
