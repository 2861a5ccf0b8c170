package serve_test

import (
	"os"
	"strings"
	"testing"

	"certwright/conformance/serve"
	"certwright/internal/must"
)

func TestMain(m *testing.M) {
	code := m.Run()
	serve.Built()
	os.Exit(code)
}

// It does not start open: whatever is missing has its own sentence and a way out.
func TestRefusesToStartOpen(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*serve.House){
		"tls: there is no certificate for the https listener": func(h *serve.House) { delete(h.Nodes, "tls") },
		"auth: there is nobody whose tokens are taken":        func(h *serve.House) { delete(h.Nodes, "auth") },
		"vaults: none is declared":                            func(h *serve.House) { delete(h.Nodes, "vaults") },
		"data: the data folder is not set":                    func(h *serve.House) { delete(h.Nodes, "data") },
		"ephemeral: a production server keeps":                func(h *serve.House) { h.Args = []string{"--ephemeral"} },
		"providers: Test: the scripted issuer signs":          func(h *serve.House) { h.Nodes["providers"] = "{Test: {kind: scripted}}" },
		"the file is open to other users":                     func(h *serve.House) { must.Do(t, os.Chmod(h.File("tls.key"), 0o644)) },
	} {
		h := serve.New(t)
		change(h)
		if said := h.Refused(t); !strings.Contains(said, want) || !strings.Contains(said, "\nhint: ") {
			t.Errorf("want %q, it says:\n%s", want, said)
		}
	}
}
