package main

import (
	"strings"
	"testing"
	"time"

	"certwright/internal/admin"
	"certwright/internal/clientenv"

	"github.com/google/go-cmp/cmp"
)

func TestWaitsFor(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]admin.Operation{
		"the DNS record":                                {WaitsFor: "the DNS record"},
		"attempt 3: no answer":                          {WaitsFor: "no answer", Attempt: 2},
		"certwright approve or reject: an operator":     {WaitsFor: "an operator", WantsApproval: true, Attempt: 1},
		"its cancellation: the DNS record":              {WaitsFor: "the DNS record", CancelRequested: true},
		"of  [2J others":                                {WaitsFor: "of \x1b[2J others"},
		"its cancellation: Pending for \u65e5\u672c ok": {WaitsFor: "Pending for \u65e5\u672c\u2028ok", CancelRequested: true},
	} {
		if got := waitsFor(o); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPrintHistory(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var out strings.Builder
	err := printHistory(&out, admin.Operation{
		Name: "site", Vault: "web", Issuer: "dc", RequestID: "7", Status: "failed", Since: at,
		Error: &admin.Failure{Code: "Request rejected", Message: "CAA\nforbids it"},
		History: []admin.Sentence{
			{At: at, Last: at, Times: 1, Text: "order placed"},
			{At: at.Add(time.Minute), Last: at.Add(time.Hour), Times: 30, Text: "still\tpending"},
		},
	})
	want := `site in vault web: failed: Request rejected: CAA forbids it
issuer dc, request 7, since 2026-11-22 12:00:00Z
2026-11-22 12:00:00Z  order placed
2026-11-22 12:01:00Z  still pending (30 times, last 2026-11-22 13:00:00Z)
`
	if diff := cmp.Diff(want, out.String()); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestDefaultVault(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{"https://web.vault.localhost:8443": "web", "https://Web.vault.localhost": "Web", "https://one": "one", "": ""} {
		if got := defaultVault(clientenv.Ready{VaultURL: url}); got != want {
			t.Errorf("%s: %q", url, got)
		}
	}
}
