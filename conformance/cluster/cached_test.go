package cluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"certwright/conformance/process"
	"certwright/internal/store/sqlstore/sqltest"
)

// A told secret is written by one caller alone, one request after the other: what
// it may be is known at every moment.
type told struct {
	name string

	mu     sync.Mutex
	begun  []string    // what each request makes of it
	ended  []time.Time // when each was acknowledged; zero: its outcome is not known
	reads  int
	second int // of them: not what was acknowledged last
}

// write sets it or disables it, at whichever server the balancer takes.
func (s *told) write(c client) error {
	n := len(s.begun)
	method, body, is := "PUT", object{"value": fmt.Sprint(n)}, fmt.Sprint(n)
	if n%3 == 2 {
		method, body, is = "PATCH", object{"attributes": object{"enabled": false}}, "disabled"
	}
	s.mu.Lock()
	s.begun, s.ended = append(s.begun, is), append(s.ended, time.Time{})
	s.mu.Unlock()
	r, err := c.once(method, "/secrets/"+s.name, body)
	if err == nil && r.Status != 200 && r.Status != 404 { // 404: the one before was lost
		return fmt.Errorf("%s %s: %d %v", method, s.name, r.Status, r.Body)
	}
	if err == nil && r.Status == 200 {
		s.mu.Lock()
		s.ended[n] = time.Now()
		s.mu.Unlock()
	}
	return nil
}

// read reads it, and holds the answer against what it may have been: nothing that
// was followed by an acknowledged write earlier than bound before the question.
func (s *told) read(c client, bound time.Duration) error {
	asked := time.Now()
	r, err := c.once("GET", "/secrets/"+s.name, nil)
	if err != nil {
		return nil // it says nothing
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fits(shown(r), asked, bound)
}

// fits holds an answer against what was acknowledged when it was asked for.
func (s *told) fits(got string, asked time.Time, bound time.Duration) error {
	oldest, newest := -1, -1
	for i, at := range s.ended {
		if !at.IsZero() && at.Before(asked.Add(-bound)) {
			oldest = i
		}
		if !at.IsZero() && at.Before(asked) {
			newest = i
		}
	}
	if s.reads++; newest >= 0 && got != s.begun[newest] {
		s.second++
	}
	if oldest < 0 && got == "none" || slices.Contains(s.begun[max(oldest, 0):], got) {
		return nil
	}
	if oldest < 0 {
		return fmt.Errorf("%s is %q, which nobody wrote", s.name, got)
	}
	return fmt.Errorf("%s is %q; %v before the question it was %q already", s.name, got, asked.Sub(s.ended[oldest]).Round(time.Millisecond), s.begun[oldest])
}

func shown(r process.Reply) string {
	switch r.Status {
	case 200:
		return r.Text("value")
	case 403:
		return "disabled"
	case 404:
		return "none"
	}
	return fmt.Sprintf("%d %v", r.Status, r.Body)
}

// No answer is older than its mode allows: what was acknowledged, or with cache: 1s
// what was a second ago; also where connections are cut, PostgreSQL is restarted
// and a server is killed meanwhile.
func TestNoAnswerIsTooOld(t *testing.T) {
	t.Parallel()
	for mode, bound := range map[string]time.Duration{"strict": 0, "1s": time.Second} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			postgres := sqltest.NewServer(t, sqltest.Postgres(t)[0])
			h := &house{postgres: postgres, random: rand.New(rand.NewPCG(1, 1)), befell: map[string]int{}}
			h.servers = start(t, postgres.URL(), 3, map[string]string{"cache": mode})
			ctx, stop := context.WithCancel(t.Context())
			var working sync.WaitGroup
			secrets := make([]*told, 3)
			for i := range secrets {
				s := &told{name: fmt.Sprintf("s%d", i)}
				secrets[i] = s
				working.Go(func() {
					for ctx.Err() == nil {
						if err := s.write(client{all: h.servers}); err != nil {
							t.Error(err)
							return
						}
						pause(ctx, time.Duration(rand.IntN(60))*time.Millisecond)
					}
				})
				working.Go(func() {
					for ctx.Err() == nil {
						if err := s.read(client{all: h.servers}, bound); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			for _, befalls := range []func(){func() {}, func() { h.cut("TRUE") }, func() { h.cut("pid % 2 = 0") }, func() { h.restart(sqltest.Fast) }, h.kill, func() {}} {
				pause(ctx, time.Second)
				befalls()
			}
			pause(ctx, time.Second)
			stop()
			working.Wait()
			for _, s := range secrets {
				t.Logf("%s: %d writes, %d reads, %d of them not the newest", s.name, len(s.begun), s.reads, s.second)
				if len(s.begun) < 20 || s.reads < 50 {
					t.Error("too little was done to prove anything")
				}
			}
			if t.Failed() {
				t.Log(h.said())
			}
		})
	}
}

// A read that is too old is found, one that its mode allows is not.
func TestTooOldIsFound(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := &told{begun: []string{"0", "1", "disabled"}, ended: []time.Time{now.Add(-3 * time.Second), now.Add(-1500 * time.Millisecond), now.Add(-500 * time.Millisecond)}}
	for _, c := range []struct {
		got   string
		bound time.Duration
		may   bool
	}{{"disabled", 0, true}, {"1", 0, false}, {"1", time.Second, true}, {"0", time.Second, false}, {"none", time.Second, false}, {"3", time.Second, false}} {
		if err := s.fits(c.got, now, c.bound); (err == nil) != c.may {
			t.Errorf("%q with %v: %v", c.got, c.bound, err)
		}
	}
}
