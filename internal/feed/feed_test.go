package feed

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/vault"
)

// A source is what a follower asks.
type source struct {
	mu     sync.Mutex
	stalls chan struct{} // until it is closed; nil: it answers
	err    error
	asked  int
	told   []string
	text   strings.Builder
}

func (s *source) next(context.Context) (vault.Changes, error) {
	s.mu.Lock()
	s.asked++
	stalls, err := s.stalls, s.err
	s.mu.Unlock()
	if stalls != nil {
		<-stalls
	}
	return vault.Changes{Names: []string{time.Now().Format("5.000")}}, err
}

// set changes how it answers.
func (s *source) set(stalls chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stalls, s.err = stalls, err
}

// follow runs a follower of a source until the test ends.
func follow(t *testing.T, s *source) *Follower {
	f := &Follower{Next: s.next, Log: slog.New(slog.NewTextHandler(&s.text, nil)), Told: func(c vault.Changes) { s.told = append(s.told, c.Names...) }}
	if f.Fresh() {
		t.Error("it is fresh before anything was read")
	}
	ctx, end := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { f.Run(ctx); close(done) }()
	t.Cleanup(func() { end(); <-done })
	synctest.Wait()
	return f
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// The store is asked at least twice a second, and what it says is known then.
func TestFollower(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		f := follow(t, s)
		for range 40 {
			if !f.Fresh() {
				t.Fatal("it is not fresh")
			}
			pass(100 * time.Millisecond)
		}
		if s.asked < 8 || s.asked > 20 || len(s.told) != s.asked {
			t.Errorf("asked %d times in 4 s, told of %d", s.asked, len(s.told))
		}
	})
}

// One that gets no answer for a second is not fresh until it has one.
func TestAFollowerThatStalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		f := follow(t, s)
		held := make(chan struct{})
		s.set(held, nil)
		pass(MaxAge)
		if !f.Fresh() {
			t.Error("it is not fresh a second after the last answer")
		}
		pass(time.Millisecond)
		if f.Fresh() {
			t.Error("it is fresh more than a second after the last answer")
		}
		pass(3 * time.Second)
		if f.Fresh() {
			t.Error("it is fresh after seconds without an answer")
		}
		s.set(nil, nil)
		close(held)
		pass(every)
		if !f.Fresh() {
			t.Error("it is not fresh after it was answered")
		}
	})
}

// When it was asked for is what counts of an answer.
func TestALateAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for late, want := range map[time.Duration]bool{MaxAge: true, MaxAge + time.Millisecond: false} {
			f := &Follower{Told: func(vault.Changes) {}, Next: func(context.Context) (vault.Changes, error) {
				time.Sleep(late)
				return vault.Changes{}, nil
			}}
			if err := f.look(t.Context()); err != nil || f.Fresh() != want {
				t.Errorf("after %v: fresh %v, %v", late, f.Fresh(), err)
			}
		}
	})
}

// Errors are told once, and end as soon as there is an answer.
func TestAFollowerThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		f := follow(t, s)
		s.set(nil, errors.New("the database is away"))
		pass(5 * time.Second)
		if f.Fresh() {
			t.Error("it is fresh although nothing can be read")
		}
		if n := strings.Count(s.text.String(), "level=WARN"); n != 1 || !strings.Contains(s.text.String(), "the database is away") {
			t.Errorf("%d warnings:\n%s", n, &s.text)
		}
		s.set(nil, nil)
		pass(every)
		if !f.Fresh() || !strings.Contains(s.text.String(), "followed again") {
			t.Errorf("fresh: %v; the log:\n%s", f.Fresh(), &s.text)
		}
	})
}
