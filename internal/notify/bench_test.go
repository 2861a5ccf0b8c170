package notify

import (
	"testing"

	"certwright/internal/store/sqlstore/sqltest"
)

// BenchmarkDeliver is one event from the outbox to a webhook on this machine,
// its end on the disk.
func BenchmarkDeliver(b *testing.B) {
	v, store := (&receiver{secret: "s3cret"}).open(b), sqltest.Open(b)
	h := newHouse(b, store, map[string]Sink{"hook": hookTo(b, v, store, nil)})
	n := 0
	for b.Loop() {
		b.StopTimer()
		h.tell(b, event(n))
		n++
		b.StartTimer()
		h.settle(b)
	}
	if got := len(v.calls()); got != n {
		b.Errorf("%d of %d arrived", got, n)
	}
}

// BenchmarkQueue is a thousand of them that wait.
func BenchmarkQueue(b *testing.B) {
	v, store := (&receiver{secret: "s3cret"}).open(b), sqltest.Open(b)
	h := newHouse(b, store, map[string]Sink{"hook": hookTo(b, v, store, nil)})
	n := 0
	for b.Loop() {
		b.StopTimer()
		h.tell(b, many(1000)...)
		n += 1000
		b.StartTimer()
		h.settle(b)
	}
	if got := len(v.calls()); got != n {
		b.Errorf("%d of %d arrived", got, n)
	}
}
