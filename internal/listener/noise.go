package listener

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"certwright/internal/clock"
)

// What strangers may put into the log.
const (
	noiseMost = 20 // lines
	noisePer  = time.Minute
)

// Sparse passes on so many lines a minute and no more; the next that it passes on
// says how many were left out. Whoever can connect can cause such lines, and may
// neither fill the disk nor hide others among them.
func Sparse(h slog.Handler) slog.Handler {
	return sparse{h, &budget{}}
}

type sparse struct {
	slog.Handler
	*budget
}

// A budget is shared by all handlers that come of one.
type budget struct {
	mu      sync.Mutex
	began   time.Time
	passed  int
	skipped int
}

// Handle implements slog.Handler.
func (s sparse) Handle(ctx context.Context, r slog.Record) error {
	skipped, pass := s.take(clock.Real{}.Now())
	if !pass {
		return nil
	}
	if skipped > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("left_out", skipped))
	}
	return s.Handler.Handle(ctx, r)
}

// take reports whether a line passes, and how many did not since the last that did.
func (b *budget) take(now time.Time) (skipped int, pass bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Sub(b.began).Abs() >= noisePer {
		b.began, b.passed = now, 0
	}
	if b.passed++; b.passed > noiseMost {
		b.skipped++
		return 0, false
	}
	skipped, b.skipped = b.skipped, 0
	return skipped, true
}

// WithAttrs implements slog.Handler.
func (s sparse) WithAttrs(attrs []slog.Attr) slog.Handler {
	return sparse{s.Handler.WithAttrs(attrs), s.budget}
}

// WithGroup implements slog.Handler.
func (s sparse) WithGroup(name string) slog.Handler {
	return sparse{s.Handler.WithGroup(name), s.budget}
}
