package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

const (
	maxListeners = 32
	heartbeat    = 15 * time.Second
	breath       = 50 * time.Millisecond
	streamPage   = 200              // events read at a time
	writeTime    = 30 * time.Second // for a listener to take a page
)

// A Stream tells programs of events as they happen: Server-Sent Events, each
// with the Seq of its row as id, so that a listener that comes back misses
// none. Every field is required.
type Stream struct {
	Store    vault.Store
	VaultURL func(vault string) string
	Log      *slog.Logger

	*audience
}

// audience is who listens right now.
type audience struct {
	mu        sync.Mutex
	listeners int
	wake      chan struct{} // closed and replaced by every Poke
	done      chan struct{} // closed by Close
	end       func()
}

// NewStream returns a stream that is ready.
func NewStream(s Stream) (*Stream, error) {
	if s.Store == nil || s.VaultURL == nil || s.Log == nil {
		return nil, errors.New("notify: a stream needs Store, VaultURL and Log")
	}
	a := &audience{wake: make(chan struct{}), done: make(chan struct{})}
	a.end = sync.OnceFunc(func() { close(a.done) })
	s.audience = a
	return &s, nil
}

// Poke tells that there may be new events. Without it listeners look every 15
// seconds.
func (s *Stream) Poke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.wake)
	s.wake = make(chan struct{})
}

// Wake returns a channel that is closed at the next Poke.
func (s *Stream) Wake() <-chan struct{} { return s.wakeup() }

// Done returns a channel that is closed by Close.
func (s *Stream) Done() <-chan struct{} { return s.done }

// Close sends all listeners away, and who comes later; a server that stops would wait for them.
func (s *Stream) Close() { s.end() }

// Serve answers GET /admin/events: the events after the Seq that the query's
// after or, where a listener comes back, the header Last-Event-ID names, then
// those that happen. It returns when the listener went away. An error that is a
// *vault.Error comes before anything is written.
func (s *Stream) Serve(w http.ResponseWriter, r *http.Request) error {
	after, err := begin(r)
	if err != nil {
		return err
	}
	schema := r.URL.Query().Get("schema")
	if schema != "" && schema != CloudEvents && schema != EventGrid {
		return vault.Bad("schema must be cloudevents or eventgrid")
	}
	if !s.enter() {
		return vault.TooManyListeners(maxListeners)
	}
	defer s.leave()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
	l := listener{Stream: s, w: w, control: http.NewResponseController(w), schema: schema, after: after}
	if r.Method == http.MethodHead {
		return nil
	}
	l.follow(r.Context())
	return nil
}

// begin reads where a listener wants to begin. A browser or library that comes
// back sends the address it was given first, and what it saw last in a header.
func begin(r *http.Request) (int64, error) {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = r.URL.Query().Get("after")
	}
	if text == "" {
		return 0, nil
	}
	after, err := strconv.ParseInt(text, 10, 64)
	if err != nil || after < 0 {
		return 0, vault.Bad("after and Last-Event-ID must be the id of an event of this stream, a whole number")
	}
	return after, nil
}

func (s *Stream) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listeners == maxListeners {
		return false
	}
	s.listeners++
	return true
}

func (s *Stream) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners--
}

func (s *Stream) wakeup() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wake
}

// A listener is one program on the stream.
type listener struct {
	*Stream
	w       http.ResponseWriter
	control *http.ResponseController
	schema  string
	after   int64
}

// follow shows what is there and waits for more, until the listener went away.
func (l *listener) follow(ctx context.Context) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for there := l.write(": events follow\n\n"); there; { // so that headers go out
		wake := l.wakeup() // before the look, so that no poke is missed
		if there = l.show(ctx); !there {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-l.done:
			return
		case <-wake:
			l.breathe(ctx)
		case <-beat.C:
			there = l.write(": still here\n\n")
		}
	}
}

// breathe waits a moment, so that many pokes in a row are one look.
func (l *listener) breathe(ctx context.Context) {
	moment := time.NewTimer(breath)
	defer moment.Stop()
	select {
	case <-ctx.Done():
	case <-l.done:
	case <-moment.C:
	}
}

// show writes the events after the last one, page by page; false: it cannot.
func (l *listener) show(ctx context.Context) bool {
	for {
		var page []vault.Message
		err := l.Store.View(ctx, func(r vault.Reader) (err error) {
			page, err = r.Outbox("", vault.Delivered, l.after, streamPage)
			return err
		})
		if err != nil || len(page) == 0 {
			if err != nil && ctx.Err() == nil {
				l.Log.Error("events could not be read for a listener", "error", err)
			}
			return err == nil
		}
		var text []byte
		for _, m := range page {
			l.after = m.Seq
			if !IsEvent(m) {
				continue
			}
			event, err := Event(l.schema, m, l.VaultURL)
			if err != nil {
				l.Log.Error("event could not be shown to a listener", "error", err)
				continue // it must not keep the others
			}
			text = fmt.Appendf(text, "id: %d\nevent: %s\ndata: %s\n\n", m.Seq, m.Topic, event)
		}
		if !l.write(string(text)) {
			return false
		}
	}
}

// write sends text; false: nobody is there any more, or nobody is to be.
func (l *listener) write(text string) bool {
	select {
	case <-l.done:
		return false
	default:
	}
	if text == "" {
		return true
	}
	_ = l.control.SetWriteDeadline(clock.Real{}.Now().Add(writeTime)) // a recorder in a test has none
	if _, err := l.w.Write([]byte(text)); err != nil {
		return false
	}
	return l.control.Flush() == nil
}
