package logs

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/api"
	"certwright/internal/must"
)

// A tally counts writes; like a file, it keeps what one write brings together.
type tally struct {
	mu     sync.Mutex
	writes int
	text   bytes.Buffer
}

func (c *tally) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writes++
	return c.text.Write(p)
}

// count is how many writes there were, and what they brought.
func (c *tally) count() (int, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writes, c.text.String()
}

// What comes within a moment goes out in one write, at the end of that moment.
func TestGathered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &tally{}
		g := Gather(to)
		for i := range 3 {
			fmt.Fprintf(g, "line %d\n", i)
		}
		if n, _ := to.count(); n != 0 {
			t.Errorf("%d writes before the moment is over", n)
		}
		time.Sleep(gatherTime)
		synctest.Wait()
		if n, got := to.count(); got != "line 0\nline 1\nline 2\n" || n != 1 {
			t.Errorf("%d writes of %q", n, got)
		}
		fmt.Fprint(g, "again\n")
		time.Sleep(gatherTime)
		synctest.Wait()
		if n, _ := to.count(); n != 2 {
			t.Errorf("%d writes", n)
		}
	})
}

// However much is written, little waits, and nothing is lost or mixed.
func TestGatheredIsBounded(t *testing.T) {
	t.Parallel()
	to := &tally{}
	g := Gather(to)
	const writers, lines = 8, 2000
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range lines {
				fmt.Fprintf(g, "%d %d %s\n", w, i, strings.Repeat("x", 80))
			}
		})
	}
	all.Wait()
	g.mu.Lock()
	waits := len(g.waiting)
	g.mu.Unlock()
	if waits > 2*gatherMost {
		t.Errorf("%d bytes wait", waits)
	}
	must.Do(t, g.Flush())
	next := make([]int, writers)
	got := strings.Split(strings.TrimSuffix(to.text.String(), "\n"), "\n")
	if len(got) != writers*lines {
		t.Fatalf("%d lines", len(got))
	}
	for _, line := range got {
		var w, i int
		if _, err := fmt.Sscanf(line, "%d %d", &w, &i); err != nil || i != next[w] {
			t.Fatalf("%q, %d is next: %v", line, next[w], err)
		}
		next[w]++
	}
}

// A line of the log does not wait, and neither do those of requests before it.
func TestLogDoesNotWait(t *testing.T) {
	t.Parallel()
	to := &tally{}
	g := Gather(to)
	Requests(g)(api.Observation{Operation: "GetKey", Path: "/keys/a", Status: 200})
	slog.New(Lines(g, slog.LevelInfo)).Error("it broke")
	if got := to.text.String(); !strings.Contains(got, "GetKey /keys/a 200") || !strings.HasSuffix(got, "error: it broke\n") {
		t.Errorf("%q", got)
	}
}
