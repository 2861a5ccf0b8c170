package schedule

import (
	"strings"
	"testing"
	"time"

	"certwright/internal/vault"
)

// What a late renewal waits for, and what a person can do, is said of every
// state that its order may be in; the first that holds counts.
func TestAwaited(t *testing.T) {
	t.Parallel()
	web := vault.Ref{Vault: "default", Kind: vault.Certificates, Name: "web"}
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		op         vault.Operation
		awaits, do string
	}{
		{vault.Operation{CancelRequested: true, WantsApproval: true}, "its cancellation", "certwright history web --vault default"},
		{vault.Operation{CancelRequested: true, CancelLost: true, WantsApproval: true}, "the approval of an operator", "certwright reject web"},
		{vault.Operation{IssuerName: "unknown"}, "the merge of a signed certificate", "merge the certificate"},
		{vault.Operation{WantsApproval: true, Attempt: 3}, "the approval of an operator", "certwright approve web --vault default, or certwright reject web --vault default"},
		{vault.Operation{Attempt: 1, Missed: at}, "could not be asked 1 time in a row", "certwright retry web"},
		{vault.Operation{Attempt: 2}, "could not be asked 2 times in a row", "certwright history web"},
		{vault.Operation{Missed: at}, "its turn: a limit of the issuer holds the order", "raise the limit"},
		{vault.Operation{}, "does not complete it", "certwright history web"},
	} {
		c.op.Ref = web
		if awaits, do := awaited(c.op); !strings.Contains(awaits, c.awaits) || !strings.Contains(do, c.do) {
			t.Errorf("%+v awaits %q: %q; want %q: %q", c.op, awaits, do, c.awaits, c.do)
		}
	}
}
