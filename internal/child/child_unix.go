//go:build unix

package child

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// group makes the program the head of a process group, its children's.
func group(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killAll ends the program and all its children, but for those that left its group.
func killAll(c *exec.Cmd) error {
	err := syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

func systemEnv() []string { return nil }
