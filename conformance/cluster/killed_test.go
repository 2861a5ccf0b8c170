package cluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A writer writes to names of its own, one after the other, at any server, and
// knows of each what must be there: what was acknowledged last, or what was sent
// since and got no answer.
type writer struct {
	all   *servers
	t     *testing.T
	id    int
	done  int
	known map[string]*state
}

// A state is what may be true of a name.
type state struct {
	value   string          // of the secret, as it was acknowledged last
	unsure  map[string]bool // values that were sent since and may have become
	created bool            // of the certificate: that it was asked for
}

func (w *writer) one(n int) {
	name := fmt.Sprintf("w%d-%d", w.id, n%3)
	s := w.known[name]
	if s == nil {
		s = &state{unsure: map[string]bool{}}
		w.known[name] = s
	}
	switch n % 4 {
	case 0, 1:
		w.put(name, s, fmt.Sprintf("value-%d-%d", w.id, n))
	case 2:
		w.read(name, s)
	case 3:
		w.create(fmt.Sprintf("c%d-%d", w.id, n))
	}
}

func (w *writer) put(name string, s *state, value string) {
	r := w.all.ask("PUT", "/secrets/"+name, `{"value":"`+value+`"}`)
	switch {
	case !r.lost && r.Status == 200:
		s.value, s.unsure = value, map[string]bool{}
		w.done++
	case r.lost || r.Status >= 500:
		s.unsure[value] = true
	default:
		w.t.Errorf("put %s: %d %s", name, r.Status, r.Body)
	}
}

// read holds what any server says against what was acknowledged: a server may
// show nothing that is older.
func (w *writer) read(name string, s *state) {
	r := w.all.ask("GET", "/secrets/"+name, "")
	if r.lost || r.Status >= 500 {
		return
	}
	got := r.Text("value")
	switch {
	case s.unsure[got]: // one of those became, and it was the last one then
		s.value = got
	case got != s.value:
		w.t.Errorf("%s is %q (%d), acknowledged was %q, and may be one of %v", name, got, r.Status, s.value, s.unsure)
	}
}

func (w *writer) create(name string) {
	r := w.all.ask("POST", "/certificates/"+name+"/create", selfSigned)
	if !r.lost && r.Status == 202 {
		w.known[name] = &state{created: true}
		w.done++
	} else if !r.lost && r.Status < 500 {
		w.t.Errorf("create %s: %d %s", name, r.Status, r.Body)
	}
}

// TestServersAreKilled has three servers under load while one after the other is
// killed and their connections are cut: nothing that was acknowledged is lost, no
// read is older than what was acknowledged, and nothing is stuck.
func TestServersAreKilled(t *testing.T) {
	rounds := 6
	if n, err := strconv.Atoi(os.Getenv("CLUSTER_ROUNDS")); err == nil {
		rounds = n
	}
	all := start(t, 3)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var working sync.WaitGroup
	var acknowledged atomic.Int64
	writers := make([]*writer, 6)
	for i := range writers {
		w := &writer{all: all, t: t, id: i, known: map[string]*state{}}
		writers[i] = w
		working.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				w.one(n)
			}
			acknowledged.Add(int64(w.done))
		})
	}
	cut := 0
	for round := range rounds {
		pause(ctx, time.Duration(200+rand.N(800))*time.Millisecond)
		if round%2 == 0 {
			all.each[rand.N(len(all.each))].kill(t)
			continue
		}
		n, err := all.schema.Cut(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		cut += n
	}
	pause(ctx, time.Second)
	stop()
	working.Wait()
	for _, w := range writers {
		w.settle()
	}
	t.Logf("%d writes were acknowledged; %d servers killed, %d connections cut", acknowledged.Load(), (rounds+1)/2, cut)
	if acknowledged.Load() < 50 {
		t.Error("too little was written to prove anything")
	}
}

// settle asks every server of every name.
func (w *writer) settle() {
	for name, s := range w.known {
		for _, at := range w.all.each {
			if s.created {
				r := w.eventually(at, "/certificates/"+name+"/pending")
				if r.Text("status") != "completed" {
					w.t.Errorf("%s is acknowledged and not made: %d %s", name, r.Status, r.Body)
				}
				continue
			}
			if s.value == "" && len(s.unsure) == 0 {
				continue
			}
			r := w.eventually(at, "/secrets/"+name)
			if got := r.Text("value"); got != s.value && !s.unsure[got] {
				w.t.Errorf("%s is %q (%d) at last, acknowledged was %q", name, got, r.Status, s.value)
			}
		}
	}
}

// eventually asks until there is an answer that is none of a server in trouble.
func (w *writer) eventually(at *server, path string) reply {
	for n := 0; ; n++ {
		r := at.ask(w.all.token, "GET", path, "")
		waits := r.Text("status") == "inProgress"
		if n == 100 || !r.lost && r.Status < 500 && !waits {
			return r
		}
		pause(w.t.Context(), 100*time.Millisecond)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
