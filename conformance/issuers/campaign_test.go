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
	"certwright/internal/must"
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
	if err == nil {
		err = os.Setenv("CERTWRIGHT", program) // for those that share a database
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

// every is what KILL_EVERY says.
func every(t *testing.T) int {
	t.Helper()
	s := os.Getenv("KILL_EVERY")
	if s == "" {
		return 12
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("KILL_EVERY=%s: want a number from 1", s)
	}
	return n
}

// points are all calls of an order, each with every fault; of them, KILL_EVERY
// picks some by chance.
func points(t *testing.T, calls int, faults ...fault) []point {
	t.Helper()
	var all []point
	for call := range calls {
		for _, f := range faults {
			all = append(all, point{call + 1, f})
		}
	}
	picked := (len(all) + every(t) - 1) / every(t)
	t.Logf("%d calls, %d faults: %d points of %d", calls, len(faults), picked, len(all))
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:picked]
}

// A story is one order from its beginning to its end, on a server of its own.
// id sets its names apart.
type story func(ctx context.Context, l *life, id string) error

// tell runs a story with faults as planned, and returns the life that was lived.
func (s story) tell(t *testing.T, folder, id string, plan func(n int, call string) fault) (*life, error) {
	ctx, stop := context.WithTimeout(t.Context(), within)
	defer stop()
	l, err := newLife(program, filepath.Join(folder, id))
	if err != nil {
		return nil, err
	}
	defer l.die()
	l.toll.plan = plan
	if err = s(ctx, l, id); err == nil {
		err = l.discreet()
	}
	return l, l.told(err)
}

// A campaign tells a story again and again, several lives at a time.
type campaign struct {
	t      *testing.T
	tale   story
	folder string
	began  time.Time
	turns  chan struct{}
	busy   sync.WaitGroup

	orders, met, deaths atomic.Int64
}

func begin(t *testing.T, s story) *campaign {
	return &campaign{t: t, tale: s, folder: t.TempDir(), began: time.Now(), turns: make(chan struct{}, hands)}
}

// live lives one life as soon as there is a hand for it; met is asked of one
// that ended well whether it met its faults.
func (c *campaign) live(what string, plan func(n int, call string) fault, met func(*life) bool) {
	c.turns <- struct{}{}
	id := fmt.Sprintf("t%d", c.orders.Add(1))
	c.busy.Go(func() {
		defer func() { <-c.turns }()
		l, err := c.tale.tell(c.t, c.folder, id, plan)
		if err == nil {
			c.deaths.Add(int64(l.died() - 1)) // the last one is the end of the story
			if met(l) {
				c.met.Add(1)
			}
			return
		}
		c.t.Errorf("%s: %v", what, err)
	})
}

// end waits for all lives. A life may make a call less than the one that its
// fault was planned for; where many do, faults are not what was tried.
func (c *campaign) end() {
	c.busy.Wait()
	orders, met := c.orders.Load(), c.met.Load()
	c.t.Logf("%d orders, %d of them met their faults, %d servers killed, %v", orders, met, c.deaths.Load(), time.Since(c.began).Round(time.Second))
	if !c.t.Failed() && met < orders*3/4 {
		c.t.Error("too few faults befell anybody")
	}
}

// try tells a story at every point.
func try(t *testing.T, s story, all []point) {
	t.Helper()
	c := begin(t, s)
	for _, p := range all {
		c.live(fmt.Sprintf("call %d, %s", p.call, p.fault), at(p.call, p.fault), p.met)
	}
	c.end()
}

// met tells whether the fault befell a life as it should have.
func (p point) met(l *life) bool {
	return len(l.toll.passages("")) >= p.call && (!p.fault.kills() || l.died() == 2)
}

// calls is how many calls an undisturbed story makes.
func calls(t *testing.T, s story) int {
	t.Helper()
	l, err := s.tell(t, t.TempDir(), "t0", nil)
	must.Do(t, err)
	t.Logf("undisturbed:\n%s", l.toll)
	return len(l.toll.passages(""))
}
