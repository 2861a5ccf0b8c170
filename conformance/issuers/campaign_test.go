package issuers_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"certwright/conformance/process"
)

// program is the built server, one for all tests.
var program string

func TestMain(m *testing.M) { os.Exit(built(m)) }

func built(m *testing.M) int {
	folder, err := os.MkdirTemp("", "certwright-issuers")
	if err == nil {
		defer os.RemoveAll(folder)
		program, err = process.Compile(folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// hands is how many lives go on at the same time. Most of their time they wait.
const hands = 8

// within is how long one life may take.
const within = 3 * time.Minute

// A point is a call and what befalls it.
type point struct {
	call  int
	fault fault
}

// points are all calls of an order, each with every fault; of them, KILL_EVERY
// picks some, beginning anywhere.
func points(t *testing.T, calls int, faults ...fault) (picked []point) {
	t.Helper()
	every := 12
	if s := os.Getenv("KILL_EVERY"); s != "" {
		var err error
		if every, err = strconv.Atoi(s); err != nil || every < 1 {
			t.Fatalf("KILL_EVERY=%s: want a number from 1", s)
		}
	}
	i := rand.IntN(every)
	t.Logf("%d calls, %d faults: every point of %d, from %d on", calls, len(faults), every, i)
	for call := range calls {
		for _, f := range faults {
			if i++; i%every == 0 {
				picked = append(picked, point{call + 1, f})
			}
		}
	}
	return picked
}

// A story is one order from its beginning to its end, on a server of its own.
// id sets its names apart.
type story func(ctx context.Context, l *life, id string) error

// tell runs a story at a point, and returns the life that was lived.
func (s story) tell(t *testing.T, folder, id string, p point) (*life, error) {
	ctx, stop := context.WithTimeout(t.Context(), within)
	defer stop()
	l, err := newLife(program, filepath.Join(folder, id))
	if err != nil {
		return nil, err
	}
	defer l.die()
	l.toll.plan = at(p.call, p.fault)
	return l, l.told(s(ctx, l, id))
}

// try tells a story at every point, several at a time.
func try(t *testing.T, s story, all []point) {
	t.Helper()
	var met, deaths atomic.Int64
	var busy sync.WaitGroup
	began, folder, turns := time.Now(), t.TempDir(), make(chan struct{}, hands)
	for i, p := range all {
		turns <- struct{}{}
		busy.Go(func() {
			defer func() { <-turns }()
			l, err := s.tell(t, folder, fmt.Sprintf("t%d", i+1), p)
			if err != nil {
				t.Errorf("call %d, %s: %v", p.call, p.fault, err)
				return
			}
			deaths.Add(int64(l.died() - 1)) // the last one is the end of the story
			if len(l.toll.passages("")) >= p.call {
				met.Add(1)
			}
		})
	}
	busy.Wait()
	t.Logf("%d orders, %d of them met their fault, %d servers killed, %v", len(all), met.Load(), deaths.Load(), time.Since(began).Round(time.Second))
}

// calls is how many calls an undisturbed story makes.
func calls(t *testing.T, s story) int {
	t.Helper()
	l, err := s.tell(t, t.TempDir(), "t0", point{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("undisturbed:\n%s", l.toll)
	return len(l.toll.passages(""))
}
