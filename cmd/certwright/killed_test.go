package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"certwright/internal/must"
)

// A first start that is killed, whatever it had made by then, is ended by the next.
func TestAFirstStartMayBeKilled(t *testing.T) {
	t.Parallel()
	for _, made := range []string{"certwright.lock", "certwright.db", "certwright.db-journal", "certwright.db-wal", "ca-key.pem", "ca.pem", "ca-bundle.pem", "keyset.json.new", "keyset.json", "mark.json.new", "mark.json", "issuing-ca.pem", "run.json"} {
		t.Run(made, func(t *testing.T) {
			t.Parallel()
			data := filepath.Join(t.TempDir(), "data")
			first := exec.Command("certwright", "dev", "--listen=127.0.0.1:0", "--http=127.0.0.1:0", "--data", data)
			must.Do(t, first.Start())
			killed := make(chan error, 1)
			go func() { killed <- first.Wait() }()
			for there := false; !there; runtime.Gosched() {
				select {
				case err := <-killed:
					t.Fatalf("it ended by itself: %v", err)
				default:
				}
				if _, err := os.Stat(filepath.Join(data, made)); err == nil {
					there = true
				}
				if _, err := os.Stat(filepath.Join(data, "run.json")); err == nil {
					there = true // a file that was there for a moment only, and not seen
				}
			}
			_ = first.Process.Kill()
			<-killed
			again := startDev(t, "--data", data)
			must.Do(t, again.Process.Signal(syscall.SIGTERM))
			if err := again.Wait(); err != nil {
				t.Errorf("%v\n%s", err, again.talk)
			}
		})
	}
}
