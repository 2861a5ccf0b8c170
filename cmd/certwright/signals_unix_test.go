//go:build unix

package main

import (
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"certwright/internal/must"
)

// A signal to run goes to the command, whose end is run's end.
func TestRunForwardsSignals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script string
		signal os.Signal
		code   int
	}{
		"caught":      {`trap 'exit 9' TERM; echo ready; while :; do read x || exit 8; done`, syscall.SIGTERM, 9},
		"not caught":  {`echo ready; exec cat`, syscall.SIGTERM, 128 + 15},
		"from no tty": {`trap 'exit 7' INT; echo ready; while :; do read x || exit 8; done`, syscall.SIGINT, 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := exec.Command("certwright", "run", "--", "sh", "-c", c.script)
			run.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no terminal
			in, err := run.StdinPipe()
			must.Do(t, err)
			defer in.Close()
			out, err := run.StdoutPipe()
			must.Do(t, err)
			must.Do(t, run.Start())
			if _, err := io.ReadFull(out, make([]byte, len("ready\n"))); err != nil {
				t.Fatal(err)
			}
			must.Do(t, run.Process.Signal(c.signal))
			// A shell acts on a trapped signal once the command it waits for
			// ends, so read is given a line to end with.
			_, _ = io.WriteString(in, "\n")
			_ = run.Wait() // the code tells
			if got := run.ProcessState.ExitCode(); got != c.code {
				t.Errorf("exit code %d, want %d", got, c.code)
			}
		})
	}
}
