package challenge

import (
	"context"
	"fmt"
	"os/exec"
	"time"

	"certwright/internal/child"
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
	said := &child.Head{Left: 4 * maxSaid}
	c := h.command(limited, action, r)
	c.Stdout, c.Stderr = said, said
	err := child.Run(c)
	switch {
	case err == nil:
		return nil
	case limited.Err() != nil && ctx.Err() == nil:
		return fmt.Errorf("the hook %s did not end within %v and was killed%s", c.Path, h.settings.Timeout, saying(string(said.Text)))
	case ctx.Err() != nil:
		return fmt.Errorf("the hook %s was interrupted: %w", c.Path, ctx.Err())
	}
	return fmt.Errorf("the hook %s ended with %w%s", c.Path, err, saying(string(said.Text)))
}

// command makes the call. The environment holds nothing of the server's own but PATH.
func (h *hook) command(ctx context.Context, action string, r Record) *exec.Cmd {
	args := append(append([]string{}, h.settings.Command...), action, r.Name, r.Value)
	return child.Command(ctx, args,
		"CERTWRIGHT_ACTION="+action, "CERTWRIGHT_TYPE="+r.Type, "CERTWRIGHT_DOMAIN="+r.Domain,
		"CERTWRIGHT_NAME="+r.Name, "CERTWRIGHT_VALUE="+r.Value)
}
