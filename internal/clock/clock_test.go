package clock_test

import (
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

var (
	_ vault.Clock = clock.Real{}
	_ vault.Clock = (*clock.Shifted)(nil)
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestRealIsUTC(t *testing.T) {
	t.Parallel()
	before := time.Now()
	got := clock.Real{}.Now()
	if got.Location() != time.UTC {
		t.Errorf("location %v, want UTC", got.Location())
	}
	if got.Before(before) || got.After(time.Now()) {
		t.Errorf("%v is not the present time", got)
	}
}

func TestShiftedNow(t *testing.T) {
	t.Parallel()
	east := time.FixedZone("east", 3600)
	c := &clock.Shifted{Base: func() time.Time { return noon.In(east) }}
	if got := c.Now(); !got.Equal(noon) || got.Location() != time.UTC {
		t.Errorf("unshifted %v, want %v", got, noon)
	}
	if got := c.Advance(36 * time.Hour); got != 36*time.Hour {
		t.Errorf("Advance returned %v", got)
	}
	if got, want := c.Now(), noon.Add(36*time.Hour); !got.Equal(want) {
		t.Errorf("shifted %v, want %v", got, want)
	}
	c.Set(-time.Hour)
	if got, want := c.Now(), noon.Add(-time.Hour); !got.Equal(want) {
		t.Errorf("set back %v, want %v", got, want)
	}
}

func TestShiftedBounds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		start, add time.Duration
		want       time.Duration
	}{
		{"never back", time.Hour, -time.Minute, time.Hour},
		{"the longest step", time.Hour, math.MaxInt64, clock.Furthest},
		{"the longest step back", time.Hour, math.MinInt64, time.Hour},
		{"just to the end", clock.Furthest - time.Hour, time.Hour, clock.Furthest},
		{"past the end", clock.Furthest, time.Hour, clock.Furthest},
		{"from behind", -time.Hour, 2 * time.Hour, time.Hour},
		{"from the furthest behind", -clock.Furthest, math.MaxInt64, 0},
		{"a step from the furthest behind", -clock.Furthest, time.Hour, time.Hour - clock.Furthest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := &clock.Shifted{Base: func() time.Time { return noon }}
			c.Set(tt.start)
			if got := c.Advance(tt.add); got != tt.want || c.Offset() != tt.want {
				t.Errorf("offset %v (returned %v), want %v", c.Offset(), got, tt.want)
			}
		})
	}
	var c clock.Shifted
	for in, want := range map[time.Duration]time.Duration{
		math.MaxInt64: clock.Furthest, math.MinInt64: -clock.Furthest, time.Hour: time.Hour,
	} {
		if c.Set(in); c.Offset() != want {
			t.Errorf("Set(%v): offset %v, want %v", in, c.Offset(), want)
		}
	}
}

func TestShiftedTogether(t *testing.T) {
	t.Parallel()
	var c clock.Shifted
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 500 {
				c.Advance(time.Second)
				c.Now()
			}
		})
	}
	all.Wait()
	if want := 4000 * time.Second; c.Offset() != want {
		t.Errorf("offset %v, want %v", c.Offset(), want)
	}
}

func TestShiftedFollowsVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c clock.Shifted
		start := c.Now()
		time.Sleep(48 * time.Hour)
		c.Advance(time.Hour)
		if got := c.Now().Sub(start); got != 49*time.Hour {
			t.Errorf("%v went by, want 49h", got)
		}
	})
}
