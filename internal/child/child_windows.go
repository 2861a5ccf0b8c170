package child

import (
	"os"
	"os/exec"
)

func group(*exec.Cmd) {}

// killAll ends the program; its children live on.
func killAll(c *exec.Cmd) error { return c.Process.Kill() }

// systemEnv is what programs cannot start without.
func systemEnv() []string { return []string{"SYSTEMROOT=" + os.Getenv("SYSTEMROOT")} }
