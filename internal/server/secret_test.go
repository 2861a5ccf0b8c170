package server

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"

	"certwright/internal/must"
)

// The value of a certificate's secret is written when it is read, and the same
// bytes each time: after a restart, and in another vault that a backup went to.
func TestSecretStaysTheSame(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	s := startIn(t, data, Options{})
	call := func(method, path, body string, header ...string) (members map[string]any) {
		t.Helper()
		r := ask(t, client(t, s), method, s.Ready.IPURL+path+"?api-version=7.4", body, append(header, "Authorization", "Bearer x")...)
		if r.status >= http.StatusMultipleChoices {
			t.Fatalf("%s %s: %d %s", method, path, r.status, r.body)
		}
		must.Do(t, json.Unmarshal([]byte(r.body), &members))
		return members
	}
	call("POST", "/certificates/a/create", createSelf)
	first := call("GET", "/secrets/a", "")["value"].(string)
	if len(first) < 1000 || first[:2] != "MI" {
		t.Fatalf("the value is %q", first)
	}
	blob, err := json.Marshal(call("POST", "/certificates/a/backup", ""))
	must.Do(t, err)
	stop(t, s)
	s = startIn(t, data, Options{})
	t.Cleanup(func() { stop(t, s) })
	if again := call("GET", "/secrets/a", "")["value"]; again != first {
		t.Error("another value after a restart")
	}
	other := []string{"Host", "other.vault.localhost"}
	call("POST", "/certificates/restore", string(blob), other...)
	if restored := call("GET", "/secrets/a", "", other...)["value"]; restored != first {
		t.Error("another value where the backup was restored")
	}
}
