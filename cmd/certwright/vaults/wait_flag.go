package vaults

import (
	"fmt"
	"time"

	"github.com/alecthomas/kong"
)

// waitTime is how long --wait waits unless it says so.
const waitTime = 10 * time.Minute

// A Wait is the flag --wait, which may say how long: --wait=20m.
type Wait struct {
	For time.Duration // 0: not at all
}

// Decode reads the flag.
func (w *Wait) Decode(ctx *kong.DecodeContext) error {
	w.For = waitTime
	if ctx.Scan.Peek().Type != kong.FlagValueToken {
		return nil
	}
	text := fmt.Sprint(ctx.Scan.Pop().Value)
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is not how long to wait: write it as in --wait=20m", text)
	}
	w.For = d
	return nil
}

// IsBool lets the flag stand without a value.
func (*Wait) IsBool() bool { return true }
