package schedule_test

import (
	"maps"
	"testing"

	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// Messages go to the sinks that want them, in the same transaction.
func TestSinks(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.Scheduler.Receivers = func(m vault.Message) []string {
		if m.Topic == vault.TopicMail {
			return []string{"smtp"}
		}
		return []string{"hook", "other"}
	}
	h.Create(t, Web, Policy("Self"))
	h.Operation(t, Web)
	got := map[string]int{}
	for _, sink := range []string{"smtp", "hook", "other"} {
		if got[sink] = len(h.Queue(t, sink)); got[sink] > 0 {
			h.Job(t, vault.JobDeliver, vault.SinkRef(sink)) // there is one
		}
	}
	if want := map[string]int{"smtp": 0, "hook": 1, "other": 1}; !maps.Equal(got, want) {
		t.Errorf("queued %v, want %v", got, want)
	}
}
