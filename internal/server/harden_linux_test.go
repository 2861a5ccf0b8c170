package server

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"certwright/internal/must"
)

// After Harden no core file is written, and nobody traces the process.
func TestHarden(t *testing.T) { // for the whole process, and so not beside others
	must.Do(t, Harden())
	t.Cleanup(func() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0) })
	var core unix.Rlimit
	must.Do(t, unix.Getrlimit(unix.RLIMIT_CORE, &core))
	if core.Cur != 0 || core.Max != 0 {
		t.Errorf("core files up to %d, %d", core.Cur, core.Max)
	}
	if got, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || got != 0 {
		t.Errorf("dumpable %d, %v", got, err)
	}
	if _, err := os.ReadDir("/proc/self/fd"); err != nil { // which the metrics read
		t.Errorf("its own files: %v", err)
	}
}
