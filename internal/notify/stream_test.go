package notify

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

// A radio is a stream behind a real server.
type radio struct {
	*Stream
	*house
	url string
}

func newRadio(t *testing.T) *radio {
	t.Helper()
	store := sqltest.Open(t)
	s, err := NewStream(Stream{Store: store, VaultURL: means(store).VaultURL, Log: slog.New(slog.DiscardHandler)})
	must.Do(t, err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var e *vault.Error
		if err := s.Serve(w, r); errors.As(err, &e) {
			w.WriteHeader(map[vault.Reason]int{vault.Invalid: 400, vault.Unavailable: 503}[e.Reason])
		}
	}))
	t.Cleanup(server.Close) // waits for listeners: Close must send them away
	t.Cleanup(s.Close)
	return &radio{s, newHouse(t, store, nil), server.URL}
}

func (r *radio) tell(t *testing.T, m vault.Message) {
	t.Helper()
	r.house.tell(t, m)
	r.Stream.Poke()
}

// A shown is one event as a listener got it.
type shown struct{ id, event, data string }

// listen returns the events that come, read by the rules of Server-Sent Events.
func (r *radio) listen(t *testing.T, query, last string) <-chan shown {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+query, nil)
	must.Do(t, err)
	if last != "" {
		q.Header.Set("Last-Event-ID", last)
	}
	answer, err := http.DefaultClient.Do(q)
	must.Do(t, err)
	if got := answer.Header.Get("Content-Type"); answer.StatusCode != 200 || got != "text/event-stream" {
		t.Fatalf("%d %s", answer.StatusCode, got)
	}
	out := make(chan shown, 1000)
	go func() {
		defer close(out)
		defer answer.Body.Close()
		var s shown
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			key, value, _ := strings.Cut(lines.Text(), ": ")
			switch key {
			case "id":
				s.id = value
			case "event":
				s.event = value
			case "data":
				s.data = value
			case "":
				if s.data != "" {
					out <- s
				}
				s = shown{}
			}
		}
	}()
	return out
}

// A listener gets what was there, what happens, and, when it comes back, what it missed.
func TestStream(t *testing.T) {
	t.Parallel()
	r := newRadio(t)
	r.house.tell(t, many(streamPage+10)...)
	r.house.tell(t, letterTo(900, "a@example.org")) // not for programs
	heard := r.listen(t, "", "")
	var last shown
	for n := range streamPage + 10 {
		last = <-heard
		var e cloudEvent
		if err := json.Unmarshal([]byte(last.data), &e); err != nil || e.ID != event(n).ID || last.event != event(n).Topic || e.Data["Id"] == nil {
			t.Fatalf("event %d: %+v (%v)", n, last, err)
		}
	}
	r.tell(t, event(500))
	if got := <-heard; !strings.Contains(got.data, event(500).ID) {
		t.Errorf("got %+v", got)
	}
	for name, again := range map[string]<-chan shown{"after": r.listen(t, "?after="+last.id, ""), "header": r.listen(t, "?after=0", last.id), "grid": r.listen(t, "?schema=eventgrid&after="+last.id, "")} {
		got := <-again
		if !strings.Contains(got.data, event(500).ID) || (name == "grid") != strings.Contains(got.data, "eventType") {
			t.Errorf("%s: %+v", name, got)
		}
		r.tell(t, event(501))
		if got := <-again; !strings.Contains(got.data, event(501).ID) {
			t.Errorf("%s: then %+v", name, got)
		}
	}
	r.Stream.Close()
	for range heard { // ends
	}
}

func TestStreamRefusals(t *testing.T) {
	t.Parallel()
	r := newRadio(t)
	for query, want := range map[string]int{"?after=x": 400, "?after=-1": 400, "?after=99999999999999999999": 400, "?schema=xml": 400} {
		answer, err := http.Get(r.url + query)
		must.Do(t, err)
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s: %d", query, answer.StatusCode)
		}
	}
	for range maxListeners {
		r.listen(t, "", "")
	}
	answer, err := http.Get(r.url)
	must.Do(t, err)
	answer.Body.Close()
	if answer.StatusCode != 503 {
		t.Errorf("one too many: %d", answer.StatusCode)
	}
	for _, s := range []Stream{{}, {Store: r.Stream.Store}} {
		if _, err := NewStream(s); err == nil {
			t.Error("an empty stream is taken")
		}
	}
}

func (s *Stream) listening() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.listeners
}

// A window is an http.ResponseWriter that shows what was written.
type window struct {
	header http.Header
	mu     sync.Mutex
	text   strings.Builder
	broken bool
}

func (w *window) Header() http.Header { return w.header }
func (w *window) WriteHeader(int)     {}
func (w *window) Flush()              {}
func (w *window) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken {
		return 0, fmt.Errorf("went away")
	}
	return w.text.Write(p)
}

func (w *window) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// A heartbeat every 15 s, which also finds what nobody poked for; a listener
// that went away is noticed by it.
func TestStreamHeartbeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := sqltest.Open(t)
		s, err := NewStream(Stream{Store: store, VaultURL: means(store).VaultURL, Log: slog.New(slog.DiscardHandler)})
		must.Do(t, err)
		h := newHouse(t, store, nil)
		w := &window{header: http.Header{}}
		ended := make(chan error)
		go func() {
			ended <- s.Serve(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/admin/events", nil))
		}()
		time.Sleep(31 * time.Second)
		if got := strings.Count(w.String(), ": still here\n\n"); got != 2 {
			t.Errorf("%d heartbeats in 31 s", got)
		}
		h.tell(t, event(1))
		time.Sleep(heartbeat)
		if !strings.Contains(w.String(), "id: 1\nevent: "+vault.EventNearExpiry+"\ndata: {") {
			t.Errorf("not found without a poke: %q", w.String())
		}
		h.tell(t, event(2))
		s.Poke()
		time.Sleep(2 * breath)
		if !strings.Contains(w.String(), "id: 2\n") {
			t.Errorf("not found after a poke: %q", w.String())
		}
		w.mu.Lock()
		w.broken = true
		w.mu.Unlock()
		time.Sleep(heartbeat)
		if err := <-ended; err != nil || s.listening() != 0 {
			t.Errorf("%v; %d listen", err, s.listening())
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if err := s.Serve(&window{header: http.Header{}}, httptest.NewRequestWithContext(ctx, http.MethodHead, "/admin/events", nil)); err != nil {
			t.Error(err)
		}
	})
}
