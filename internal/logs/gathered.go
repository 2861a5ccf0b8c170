package logs

import (
	"io"
	"sync"
	"time"
)

const (
	gatherTime = 20 * time.Millisecond
	gatherMost = 32 << 10 // bytes
)

// A Gathered passes on what is written to it within a moment in one write: a
// line for each of many requests a second costs a system call for each
// otherwise. Flush it before the program ends. Make one with Gather.
type Gathered struct {
	to io.Writer

	passing sync.Mutex // held while to is written, so that the order stays
	mu      sync.Mutex
	waiting []byte
	spare   []byte // what waiting was before
}

// Gather returns a writer that gathers for another one, which need not be safe
// for several goroutines.
func Gather(to io.Writer) *Gathered { return &Gathered{to: to} }

// Write implements io.Writer. It waits while too much is waiting.
func (g *Gathered) Write(p []byte) (int, error) {
	g.mu.Lock()
	if len(g.waiting) == 0 {
		time.AfterFunc(gatherTime, func() { _ = g.Flush() }) // nobody to tell that the log is lost
	}
	g.waiting = append(g.waiting, p...)
	full := len(g.waiting) >= gatherMost
	g.mu.Unlock()
	if full {
		return len(p), g.Flush()
	}
	return len(p), nil
}

// Flush passes on what waits.
func (g *Gathered) Flush() error {
	g.passing.Lock()
	defer g.passing.Unlock()
	g.mu.Lock()
	now := g.waiting
	g.waiting, g.spare = g.spare[:0], nil
	g.mu.Unlock()
	var err error
	if len(now) > 0 {
		_, err = g.to.Write(now)
	}
	g.mu.Lock()
	g.spare = now[:0]
	g.mu.Unlock()
	return err
}
