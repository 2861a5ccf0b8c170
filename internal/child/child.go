// Package child runs programs of the operator's, bounded: without a shell, with
// an environment of their own, and nobody of theirs is left when their time is up.
package child

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"time"
)

const (
	drain    = time.Second // for what a program's children still have to say
	plainEnv = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)

// Command makes the call of a program, which ends with the context. Its
// environment holds nothing of the server's own but PATH.
func Command(ctx context.Context, argv []string, env ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, argv[0], argv[1:]...)
	path := os.Getenv("PATH")
	if path == "" {
		path = plainEnv
	}
	c.Env = append(append(systemEnv(), "PATH="+path, "LANG=C"), env...)
	group(c)
	c.Cancel = func() error { return killAll(c) }
	c.WaitDelay = drain
	return c
}

// Run runs the call and sees that nobody of it is left. A program that ends well
// and leaves somebody behind who holds its output has ended well.
func Run(c *exec.Cmd) error {
	err := c.Run()
	if err != nil && c.Process != nil {
		_ = killAll(c)
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	return err
}

// Head keeps the beginning of what is written, Left bytes, and takes the rest
// without a word.
type Head struct {
	Text []byte
	Left int
	Over bool // there was more
}

// Write implements io.Writer.
func (h *Head) Write(p []byte) (int, error) {
	n := min(len(p), h.Left)
	h.Text = append(h.Text, p[:n]...)
	h.Left -= n
	h.Over = h.Over || n < len(p)
	return len(p), nil
}
