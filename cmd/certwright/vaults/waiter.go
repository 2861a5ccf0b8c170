package vaults

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"certwright/internal/admin"
	"certwright/internal/client/keyvault"
	"certwright/internal/client/reach"
	"certwright/internal/print"
)

// A waiter waits for an operation and tells on stderr each state as it comes:
// what the authority said and when the next step is.
type waiter struct {
	v    *reach.Vault
	to   print.Streams
	name string
}

const (
	usualPause   = 5 * time.Second
	longestPause = 30 * time.Second
	herePause    = 2 * time.Second
)

// wait returns the operation once it has ended. One that a person has to
// complete is not waited for.
func (w waiter) wait(ctx context.Context, within time.Duration) (o keyvault.Operation, err error) {
	limited, stop := context.WithTimeout(ctx, within)
	defer stop()
	said, told := "", 0
	for {
		if o, err = w.v.Operations().Get(limited, w.name); err != nil {
			if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
				return o, w.late(within)
			}
			return o, err
		}
		if o.Status != keyvault.InProgress {
			return o, nil
		}
		pause := min(o.Again, longestPause)
		if pause == 0 {
			pause = usualPause
		}
		side := w.side(ctx)
		if side != nil {
			pause = min(pause, herePause)
		}
		told = w.tell(side, told)
		if line := w.line(o, side, pause); line != said {
			said = line
			fmt.Fprintln(w.to.Err, line)
		}
		if o.Issuer.Name == unknownIssuer {
			return o, nil
		}
		if w.v.Wait(limited, pause) != nil {
			return o, w.late(within)
		}
	}
}

func (w waiter) late(within time.Duration) error {
	return InProgress{fmt.Errorf("%s is still in progress after %s\nhint: it goes on in the vault: certwright cert show %s --wait=1h waits on", w.name, print.Length(within), w.name)}
}

// side is what the side door of a server that runs here says of it; nil elsewhere.
func (w waiter) side(ctx context.Context) *admin.Operation {
	if w.v.Server == nil {
		return nil
	}
	o, err := w.v.Server.Operation(ctx, w.v.Name(), w.name)
	if err != nil {
		return nil // it is more than the API says; whoever may not read it waits without
	}
	return &o
}

// tell prints the lines of the history that were not printed yet.
func (w waiter) tell(o *admin.Operation, told int) int {
	if o == nil {
		return told
	}
	for _, s := range o.History[min(told, len(o.History)):] {
		fmt.Fprintf(w.to.Err, "%s  %s\n", s.At.UTC().Format("15:04:05Z"), print.Plain(s.Text))
	}
	return len(o.History)
}

// line is the state in a line.
func (w waiter) line(o keyvault.Operation, side *admin.Operation, pause time.Duration) string {
	details, next := o.Details, "the next look is in "+print.Length(pause)
	if side != nil {
		details = side.WaitsFor
		if side.Again != nil {
			next = "the server's next step is at " + side.Again.UTC().Format("15:04:05Z")
		}
	}
	if o.Issuer.Name == unknownIssuer {
		next = nextStep(w.name, o)
	}
	return w.name + ": in progress: " + strings.TrimSuffix(print.Plain(details), ".") + "; " + next
}
