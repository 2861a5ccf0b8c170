package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"certwright/internal/admin"
	"certwright/internal/clientenv"

	"github.com/google/go-cmp/cmp"
)

// All pages are asked for, and what the server refuses is told in its words.
func TestEachOperation(t *testing.T) {
	t.Parallel()
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch q := r.URL.Query(); q.Get("vault") + " " + q.Get("after") + strings.TrimPrefix(q.Get("status"), "failed") {
		case "web ":
			fmt.Fprint(w, `{"operations":[{"vault":"web","name":"a"},{"vault":"web","name":"b"}],"next":"web/b"}`)
		case "web web/b":
			fmt.Fprint(w, `{"operations":[{"vault":"web","name":"c"}]}`)
		case "odd ":
			fmt.Fprint(w, `<html>`)
		case "sick ":
			w.WriteHeader(http.StatusBadGateway)
		default:
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":{"code":"BadParameter","message":"not \u009b[31m so"}}`)
		}
	}))
	defer door.Close()
	var got []string
	list := func(vaultName string) error {
		return eachOperation(clientenv.Ready{HTTPURL: door.URL}, vaultName, "failed", func(o admin.Operation) error {
			got = append(got, o.Vault+"/"+o.Name)
			return nil
		})
	}
	if err := list("web"); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"web/a", "web/b", "web/c"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for name, want := range map[string]string{"odd": "read the server's answer: ", "sick": "the server answers 502 Bad Gateway\nhint: ", "other": "not  [31m so"} {
		if err := list(name); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWaitsFor(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]admin.Operation{
		"the DNS record":                                {Details: "the DNS record"},
		"Certificate request is in progress.":           {Details: usualBeginning + "Certificate request is in progress."},
		"attempt 3: no answer":                          {Details: "no answer", Attempt: 2},
		"certwright approve or reject: an operator":     {Details: "an operator", Asks: true, Attempt: 1},
		"its cancellation: the DNS record":              {Details: "the DNS record", CancelRequested: true},
		"of  [2J others":                                {Details: "of \x1b[2J others"},
		"its cancellation: Pending for \u65e5\u672c ok": {Details: "Pending for \u65e5\u672c\u2028ok", CancelRequested: true},
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
