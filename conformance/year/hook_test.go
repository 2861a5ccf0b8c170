package year_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// A hook is a receiver of events, which counts them by their ids.
type hook struct {
	url  string
	mu   sync.Mutex
	seen map[string]int
}

func newHook(t *testing.T) *hook {
	h := &hook{seen: map[string]int{}}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	h.url = s.URL
	return h
}

// ServeHTTP takes an event.
func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var event struct{ ID string }
	if err := json.NewDecoder(r.Body).Decode(&event); err != nil || event.ID == "" {
		http.Error(w, "no event", http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen[event.ID]++
}

func (h *hook) got(id string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seen[id]
}

func (h *hook) all() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, times := range h.seen {
		n += times
	}
	return n
}
