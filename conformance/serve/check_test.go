package serve_test

import (
	"strings"
	"testing"

	"certwright/conformance/serve"
)

// certwright check goes through all that the server needs, before its first
// start, beside it, and when something is missing.
func TestCheck(t *testing.T) {
	t.Parallel()
	h := serve.New(t)
	check := func() (lines string, code int) {
		out, said, code := h.Run(t, "check", "--config", h.Config(t))
		if code > 1 {
			t.Fatalf("it ends with %d: %s", code, said)
		}
		return out, code
	}
	has := func(lines string, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains("\n"+lines, "\n"+w) {
				t.Errorf("a line %q is missing in\n%s", w, lines)
			}
		}
	}
	lines, code := check()
	has(lines, "ok     configuration: 2 vaults", "ok     tls: localhost, *.vault.localhost, until ", "ok     database: there is none in ", "ok     sign-in issuer corp: 1 keys", "ok     clock: as 1 others say")
	if code != 0 || strings.Contains(lines, "FAULT") {
		t.Errorf("nothing is wrong, and it ends with %d:\n%s", code, lines)
	}
	h.Start(t)
	lines, code = check()
	has(lines, "ok     database: ")
	if code != 0 || !strings.Contains(lines, "every one opened by the keyset") {
		t.Errorf("beside the server it ends with %d:\n%s", code, lines)
	}
	h.Issuer.Break(503)
	h.Nodes["providers"] = "{OpenBao: {kind: vault, address: 'http://127.0.0.1:1', role: web, token_file: /none}}"
	lines, code = check()
	has(lines, "FAULT  sign-in issuer corp: ", "FAULT  provider OpenBao: ", "       hint: ")
	if code != 1 {
		t.Errorf("it ends with %d", code)
	}
	h.Nodes["vaults"], h.Nodes["hosts"] = "[]", "['*']"
	lines, code = check()
	has(lines, "FAULT  configuration: vaults: none is declared", "       hint: declare them", "FAULT  configuration: hosts: ")
	if code != 1 {
		t.Errorf("it ends with %d", code)
	}
}
