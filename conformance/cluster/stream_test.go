package cluster

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A listener follows the event stream of one server after the other: when its
// server dies it comes back to another, with the id that it saw last.
type listener struct {
	all *servers

	mu    sync.Mutex
	seen  []int64
	comes int
}

func (l *listener) last() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.seen) == 0 {
		return 0
	}
	return l.seen[len(l.seen)-1]
}

// listen listens until the context ends.
func (l *listener) listen(ctx context.Context) {
	for ctx.Err() == nil {
		_ = l.follow(ctx) // it comes back
		pause(ctx, 20*time.Millisecond)
	}
}

func (l *listener) follow(ctx context.Context) error {
	at := l.all.any()
	q, err := http.NewRequestWithContext(ctx, "GET", at.Side+"/admin/events", nil)
	if err != nil {
		return err
	}
	q.Header.Set("Authorization", "Bearer "+*l.all.token.Load())
	q.Header.Set("Last-Event-ID", strconv.FormatInt(l.last(), 10))
	r, err := at.HTTP.Do(q)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if r.StatusCode != 200 {
		return fmt.Errorf("the stream answers %d", r.StatusCode)
	}
	l.mu.Lock()
	l.comes++
	l.mu.Unlock()
	var id int64
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		switch text, is := strings.CutPrefix(lines.Text(), "id: "); {
		case is:
			if id, err = strconv.ParseInt(text, 10, 64); err != nil {
				return err
			}
		case lines.Text() == "" && id != 0: // the whole of it has come
			l.mu.Lock()
			l.seen = append(l.seen, id)
			l.mu.Unlock()
			id = 0
		}
	}
	return nil
}

// judge waits until the listener has heard the last event there is, and holds
// what it heard against all there are.
func (l *listener) judge(ctx context.Context, all []int64) error {
	for until := time.Now().Add(time.Minute); len(all) > 0 && l.last() < all[len(all)-1]; {
		if time.Now().After(until) {
			return fmt.Errorf("the stream has come to event %d, want %d", l.last(), all[len(all)-1])
		}
		pause(ctx, 50*time.Millisecond)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Equal(l.seen, all) {
		return unlike(l.seen, all)
	}
	return nil
}

// unlike says in what two lists of ids differ first.
func unlike(got, want []int64) error {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Errorf("event %d of the stream is %d, want %d", i, got[i], want[i])
		}
	}
	return fmt.Errorf("%d events on the stream, want %d", len(got), len(want))
}
