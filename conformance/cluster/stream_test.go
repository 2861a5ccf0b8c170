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

// judge holds what the listener heard against all events there are. Renewals go
// on, and what they tell is on its way for a moment: it looks for a minute until
// both are the same, which what was left out or came twice never lets them be.
func (l *listener) judge(ctx context.Context, events func() []int64) (heard int, err error) {
	for until := time.Now().Add(time.Minute); time.Now().Before(until); pause(ctx, 100*time.Millisecond) {
		all := events()
		l.mu.Lock()
		seen := slices.Clone(l.seen)
		l.mu.Unlock()
		if slices.Equal(seen, all) {
			return len(all), nil
		}
		err = unlike(seen, all)
	}
	return 0, err
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
