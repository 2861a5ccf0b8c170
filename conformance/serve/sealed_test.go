//go:build unix

package serve_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"certwright/conformance/process"
	"certwright/conformance/serve"
	"certwright/internal/must"
)

// While it waits for its key-encryption key, SIGHUP does not end it, and SIGTERM
// ends it well.
func TestSignalsWhileSealed(t *testing.T) {
	t.Parallel()
	m, socket := newManager(t)
	h := serve.New(t)
	h.Nodes["keyset"] = "{kind: exec, command: [/bin/false], name: away}"
	said := &process.Transcript{}
	run := exec.CommandContext(t.Context(), h.Program, "serve", "--config", h.Config(t))
	run.Stderr, run.Env = said, append(os.Environ(), "NOTIFY_SOCKET="+socket)
	must.Do(t, run.Start())
	m.waits(t, "STATUS=sealed: ")
	must.Do(t, run.Process.Signal(syscall.SIGHUP))
	must.Do(t, run.Process.Signal(syscall.SIGTERM))
	if err := run.Wait(); err != nil || strings.Contains(said.String(), "canceled") {
		t.Errorf("%v; it says:\n%s", err, said)
	}
}
