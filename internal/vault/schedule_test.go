package vault_test

import (
	"testing"
	"time"

	"certwright/internal/vault"
)

var born = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// A failed renewal waits twice as long each time, but never lets the end come.
func TestLadder(t *testing.T) {
	t.Parallel()
	now := born
	expires := born.Add(80 * day)
	var l vault.Schedule
	for i, want := range []time.Duration{time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 16 * time.Hour, 32 * time.Hour, 32 * time.Hour} {
		if l = l.Failed(now, expires); l.Retry.Sub(now) != want || l.Tries != i+1 {
			t.Errorf("try %d: again after %v, want %v", i+1, l.Retry.Sub(now), want)
		}
		now = l.Retry
	}
	for left, want := range map[time.Duration]time.Duration{40 * time.Hour: 10 * time.Hour, time.Minute: time.Minute, -day: 32 * time.Hour} {
		if got := l.Failed(born, born.Add(left)).Retry.Sub(born); got != want {
			t.Errorf("with %v left: again after %v, want %v", left, got, want)
		}
	}
}

// What an issuer suggests pulls a renewal forward, never off.
func TestSuggested(t *testing.T) {
	t.Parallel()
	window := vault.Suggestion{Start: born.Add(10 * day), End: born.Add(12 * day), Again: time.Second}
	l := vault.Schedule{}.Suggested(window, born, 0.5)
	if !l.Picked.Equal(born.Add(11*day)) || !l.AskAgain.Equal(born.Add(time.Minute)) {
		t.Errorf("%+v", l)
	}
	if again := l.Suggested(window, born.Add(day), 0.1); !again.Picked.Equal(l.Picked) {
		t.Error("the same window is picked in twice")
	}
	window.End = born.Add(11 * day)
	if other := l.Suggested(window, born, 0); !other.Picked.Equal(window.Start) {
		t.Error("another window is not followed")
	}
	window.End = window.Start
	if none := l.Suggested(window, born, 0); !none.Picked.IsZero() {
		t.Error("a window of nothing is followed")
	}
}
