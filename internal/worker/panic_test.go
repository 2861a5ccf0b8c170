package worker_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"certwright/internal/vault"
)

// A handler that panics fails its job and no other.
func TestPanickingHandlerFailsItsJob(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var tries atomic.Int32
	d.do = func(ctx context.Context, l vault.Lease) error {
		if l.Ref.Name == "bad" && tries.Add(1) == 1 {
			var none map[string]int
			none["x"] = 1
		}
		return d.finish(ctx, l)
	}
	d.put(t, "bad", 0)
	d.put(t, "good", 0)
	if n, err := d.RunDue(t.Context()); n != 2 || err != nil {
		t.Errorf("%d jobs ran, %v", n, err)
	}
	d.clock.Advance(time.Minute)
	if n, err := d.RunDue(t.Context()); n != 1 || err != nil || tries.Load() != 2 {
		t.Errorf("%d jobs ran after it, %v; tried %d times", n, err, tries.Load())
	}
}
