package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"certwright/internal/clock"
	"certwright/internal/engine"
	"certwright/internal/must"
	"certwright/internal/vault"
	"certwright/internal/worker"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// A house is a delivery over a real store, with a worker and a clock that stands
// still until moved.
type house struct {
	*Delivery
	worker *worker.Worker
	clock  *clock.Shifted
}

func newHouse(t testing.TB, store vault.Store, sinks map[string]Sink) *house {
	t.Helper()
	h := &house{clock: &clock.Shifted{Base: func() time.Time { return noon }}}
	c, err := New(Delivery{Store: store, Clock: h.clock, Sinks: sinks, Log: slog.New(slog.DiscardHandler)})
	must.Do(t, err)
	h.Delivery = c
	h.worker = worker.New(worker.Worker{Store: store, Clock: h.clock, Slots: 4, Lease: time.Minute, Log: c.Log,
		Handlers: map[vault.JobKind]worker.Handler{vault.JobDeliver: h.Deliver}})
	return h
}

// tell writes messages for every sink that wants them, as the service does.
func (h *house) tell(t testing.TB, all ...vault.Message) {
	t.Helper()
	must.Do(t, h.Store.Update(t.Context(), func(tx vault.Tx) error {
		for _, m := range all {
			if err := h.append(tx, m); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (h *house) append(tx vault.Tx, m vault.Message) error {
	m.Sink, m.Due = "", time.Time{}
	if err := tx.Append(m); err != nil {
		return err
	}
	for _, name := range h.For(m) {
		m.Sink, m.Due = name, h.Clock.Now()
		if err := errors.Join(tx.Append(m), engine.SetJob(tx, vault.JobDeliver, vault.SinkRef(name), m.Due)); err != nil {
			return err
		}
	}
	return nil
}

// many are the events 0 to n-1.
func many(n int) (all []vault.Message) {
	for i := range n {
		all = append(all, event(i))
	}
	return all
}

// settle runs what is due now.
func (h *house) settle(t testing.TB) {
	t.Helper()
	_, err := h.worker.RunDue(t.Context())
	must.Do(t, err)
}

// pass moves the clock through everything that falls due.
func (h *house) pass(t testing.TB, d time.Duration) {
	t.Helper()
	must.Do(t, h.worker.Advance(t.Context(), movable{h.clock}, d))
}

type movable struct{ *clock.Shifted }

func (m movable) Advance(_ context.Context, d time.Duration) error { m.Shifted.Advance(d); return nil }

// rows lists a sink's messages in a state.
func (h *house) rows(t testing.TB, sink string, state vault.MessageState) (list []vault.Message) {
	t.Helper()
	must.Do(t, h.Store.View(t.Context(), func(r vault.Reader) (err error) {
		list, err = r.Outbox(sink, state, 0, 100000)
		return err
	}))
	return list
}

// count fails unless a sink has so many messages in each state.
func (h *house) count(t testing.TB, sink string, queued, delivered, dead int) {
	t.Helper()
	for state, want := range map[vault.MessageState]int{vault.Queued: queued, vault.Delivered: delivered, vault.Dead: dead} {
		if got := h.rows(t, sink, state); len(got) != want {
			t.Errorf("%s: %d messages are %s, want %d: %v", sink, len(got), state, want, errorsOf(got))
		}
	}
}

func errorsOf(list []vault.Message) (all []string) {
	for _, m := range list {
		all = append(all, fmt.Sprintf("%s: %d tries: %s", m.ID, m.Tries, m.Error))
	}
	return all
}

// event is one of a certificate; n tells it from others.
func event(n int) vault.Message {
	name := fmt.Sprintf("web-%d", n)
	body, _ := json.Marshal(map[string]any{"VaultName": "default", "ObjectType": "Certificate", "ObjectName": name, "Version": "v", "NBF": 1795300000, "EXP": 1797892000})
	return vault.Message{ID: fmt.Sprintf("%032x", n+1), Topic: vault.EventNearExpiry, Version: fmt.Sprintf("%032x", 255),
		Ref: vault.Ref{Vault: "default", Kind: vault.Certificates, Name: name}, At: noon, Body: body}
}

// letterTo is a mail to contacts; n tells it from others.
func letterTo(n int, to ...string) vault.Message {
	m := event(n)
	m.Topic = vault.TopicMail
	m.Body, _ = json.Marshal(vault.Mail{To: to, Subject: "Certificate web expires", Text: "Dear you,\n.\nit expires.\n", HTML: "<p>it expires: ä</p>"})
	return m
}

// A shelf is a sink in memory that says what it was told to say.
type shelf struct {
	mu   sync.Mutex
	say  func(m vault.Message) error // nil: takes all
	sent []vault.Message
}

func (s *shelf) Wants(vault.Message) bool { return true }

func (s *shelf) Send(_ context.Context, m vault.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, m)
	if s.say == nil {
		return nil
	}
	return s.say(m)
}

func (s *shelf) ids() (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.sent {
		ids = append(ids, m.ID)
	}
	return ids
}

// A mortal store dies before its first Update that stores what a receiver said:
// as if the program was killed between sending and noting.
type mortal struct {
	vault.Store
	mu    sync.Mutex
	alive int // updates that still succeed
}

var errKilled = errors.New("killed")

func (s *mortal) Update(ctx context.Context, fn func(vault.Tx) error) error {
	s.mu.Lock()
	s.alive--
	dead := s.alive < 0
	s.mu.Unlock()
	if dead {
		return errKilled
	}
	return s.Store.Update(ctx, fn)
}

func write0600(t testing.TB, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	must.Do(t, os.WriteFile(path, text, 0o600))
	return path
}

func mustJSON(t testing.TB, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	must.Do(t, err)
	return text
}

func writeFile(path, text string) error { return os.WriteFile(path, []byte(text), 0o600) }
