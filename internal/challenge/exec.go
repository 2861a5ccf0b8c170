package challenge

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// hook runs a program of the operator's. It is given what to do as its last
// arguments and in its environment, has no standard input, and its output goes
// into the error text if it fails.
type hook struct {
	settings Settings
	turns    chan struct{}
}

const (
	hookTime = 30 * time.Second // where the settings say nothing
	maxHooks = 4                // at the same time
	drain    = time.Second      // for what a program's children still have to say
	plainEnv = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)

func newHook(s Settings) (*hook, error) {
	if _, err := exec.LookPath(s.Command[0]); err != nil {
		return nil, fmt.Errorf("command: %w", err)
	}
	if s.Timeout == 0 {
		s.Timeout = hookTime
	}
	return &hook{settings: s, turns: make(chan struct{}, maxHooks)}, nil
}

func (h *hook) present(ctx context.Context, r Record) error { return h.run(ctx, "present", r) }
func (h *hook) cleanup(ctx context.Context, r Record) error { return h.run(ctx, "cleanup", r) }

func (h *hook) run(ctx context.Context, action string, r Record) error {
	select {
	case h.turns <- struct{}{}:
		defer func() { <-h.turns }()
	case <-ctx.Done():
		return fmt.Errorf("wait for other hooks to end: %w", ctx.Err())
	}
	limited, cancel := context.WithTimeout(ctx, h.settings.Timeout)
	defer cancel()
	said := &head{left: 4 * maxSaid}
	c := h.command(limited, action, r)
	c.Stdout, c.Stderr = said, said
	err := c.Run()
	if err != nil && c.Process != nil {
		_ = killAll(c) // nobody may be left
	}
	if errors.Is(err, exec.ErrWaitDelay) { // it ended well and left somebody behind who held its output
		err = nil
	}
	switch {
	case err == nil:
		return nil
	case limited.Err() != nil && ctx.Err() == nil:
		return fmt.Errorf("the hook %s did not end within %v and was killed%s", c.Path, h.settings.Timeout, saying(said.String()))
	case ctx.Err() != nil:
		return fmt.Errorf("the hook %s was interrupted: %w", c.Path, ctx.Err())
	}
	return fmt.Errorf("the hook %s ended with %w%s", c.Path, err, saying(said.String()))
}

// command makes the call. The environment holds nothing of the server's own but PATH.
func (h *hook) command(ctx context.Context, action string, r Record) *exec.Cmd {
	args := append(append([]string{}, h.settings.Command[1:]...), action, r.Name, r.Value)
	c := exec.CommandContext(ctx, h.settings.Command[0], args...)
	path := os.Getenv("PATH")
	if path == "" {
		path = plainEnv
	}
	c.Env = append(systemEnv(), "PATH="+path, "LANG=C",
		"CERTWRIGHT_ACTION="+action, "CERTWRIGHT_TYPE="+r.Type, "CERTWRIGHT_DOMAIN="+r.Domain,
		"CERTWRIGHT_NAME="+r.Name, "CERTWRIGHT_VALUE="+r.Value)
	group(c)
	c.Cancel = func() error { return killAll(c) }
	c.WaitDelay = drain
	return c
}

// head keeps the beginning of what is written and takes the rest without a word.
type head struct {
	text []byte
	left int
}

// Write implements io.Writer.
func (h *head) Write(p []byte) (int, error) {
	n := min(len(p), h.left)
	h.text = append(h.text, p[:n]...)
	h.left -= n
	return len(p), nil
}

func (h *head) String() string { return string(h.text) }
