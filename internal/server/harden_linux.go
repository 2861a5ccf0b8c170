package server

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Harden keeps what this process has in memory, data keys among it, from other
// processes of its user and from core files. It lasts for the life of the process.
func Harden() error {
	var limit unix.Rlimit
	core := unix.Getrlimit(unix.RLIMIT_CORE, &limit)
	if core == nil && limit != (unix.Rlimit{}) { // who started this may have seen to it, and forbidden the call
		core = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	}
	dump := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	if err := errors.Join(core, dump); err != nil {
		return fmt.Errorf("keep other processes from this one's memory: %w", err)
	}
	return nil
}
