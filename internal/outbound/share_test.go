package outbound

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/must"
	"certwright/internal/vault"
)

// shelf is rows in memory that servers share.
type shelf struct {
	mu     sync.Mutex
	rows   map[string]vault.Account
	reads  int
	writes int
	away   error
}

func (s *shelf) Read(_ context.Context, id string) ([]byte, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	a, ok := s.rows[id]
	if s.away == nil && !ok {
		return nil, 0, vault.ErrNotFound
	}
	return a.Body, a.Rev, s.away
}

func (s *shelf) Write(_ context.Context, id string, plain []byte, rev int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rows == nil {
		s.rows = map[string]vault.Account{}
	}
	if s.away != nil {
		return s.away
	}
	if s.rows[id].Rev != rev {
		return vault.ErrStale
	}
	s.writes++
	s.rows[id] = vault.Account{ID: id, Body: plain, Rev: rev + 1}
	return nil
}

func (s *shelf) Unchanged(_ context.Context, id string, rev int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.away == nil && s.rows[id].Rev == rev
}

// An office is an authority that notes when it was called.
type office struct {
	mu     sync.Mutex
	calls  []time.Time
	answer func(*http.Request) (status int, retryAfter string) // nil: 200
}

func (o *office) RoundTrip(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	o.calls = append(o.calls, time.Now())
	o.mu.Unlock()
	a := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: r}
	if o.answer != nil {
		status, after := o.answer(r)
		a.StatusCode = status
		a.Header.Set("Retry-After", after)
	}
	return a, nil
}

// most is the most calls that any time of that length has.
func (o *office) most(within time.Duration) (most int) {
	slices.SortFunc(o.calls, time.Time.Compare)
	from := 0
	for n, at := range o.calls {
		for at.Sub(o.calls[from]) >= within {
			from++
		}
		most = max(most, n-from+1)
	}
	return most
}

// servers are the clients of so many servers that share rows, at one authority.
func servers(t *testing.T, n int, o *office, limits ...Limit) (all []*Client, rows *shelf) {
	t.Helper()
	rows = &shelf{}
	for range n {
		c, err := New("", limits...)
		must.Do(t, err)
		c.transport = o
		c.Share("Authority", rows)
		all = append(all, c)
	}
	return all, rows
}

func call(ctx context.Context, c *Client, account string) error {
	r, err := http.NewRequestWithContext(ctx, "GET", "https://ca.example/order", nil)
	if err != nil {
		return err
	}
	a, err := c.HTTP(account).Transport.RoundTrip(r)
	if err != nil {
		return err
	}
	return a.Body.Close()
}

// Three servers that ask as fast as they may keep, together, to what one may ask
// for, and get most of it; few of their calls write a row.
func TestServersShareARate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := &office{}
		limits := []Limit{{Requests: 100, Within: 5 * time.Second}, {Requests: 1000, Within: 3 * time.Minute}}
		all, rows := servers(t, 3, o, limits...)
		ctx, end := context.WithTimeout(t.Context(), 20*time.Minute)
		defer end()
		var running sync.WaitGroup
		for _, c := range all {
			for range 4 {
				running.Go(func() {
					for ctx.Err() == nil {
						err := call(ctx, c, "key")
						var later *vault.RetryError
						switch {
						case errors.As(err, &later):
							time.Sleep(later.After)
						case err != nil && ctx.Err() == nil:
							t.Error(err)
							return
						}
					}
				})
			}
		}
		running.Wait()
		for _, l := range limits {
			if most := o.most(l.Within); most > l.Requests {
				t.Errorf("%d calls in %v, %d may be", most, l.Within, l.Requests)
			}
		}
		if fair := 20 * 60 * 1000 / 180 / 2; len(o.calls) < fair*9/10 {
			t.Errorf("%d calls in 20 minutes, want %d or so", len(o.calls), fair)
		}
		if rows.writes > len(o.calls) {
			t.Errorf("%d writes for %d calls", rows.writes, len(o.calls))
		}
	})
}

// Calls at once are taken by the handful: not each one writes.
func TestCallsAreTakenByTheHandful(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all, rows := servers(t, 1, &office{}, Limit{Requests: 200, Within: 5 * time.Second})
		for range 40 {
			must.Do(t, call(t.Context(), all[0], "key"))
		}
		if rows.writes != 4 {
			t.Errorf("%d writes for 40 calls", rows.writes)
		}
	})
}

// Without limits nothing is written, and what is known to be as it was is not read.
func TestNoLimitsWriteNothing(t *testing.T) {
	t.Parallel()
	all, rows := servers(t, 2, &office{})
	for range 5 {
		for _, c := range all {
			must.Do(t, call(t.Context(), c, "key"))
		}
	}
	if rows.writes != 0 || rows.reads != 2 {
		t.Errorf("%d reads, %d writes", rows.reads, rows.writes)
	}
}

// When an authority tells one server to come back later, all keep away until then;
// other accounts do not.
func TestARetryAfterStopsAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := &office{answer: func(*http.Request) (int, string) { return http.StatusTooManyRequests, "600" }}
		all, _ := servers(t, 3, o)
		must.Do(t, call(t.Context(), all[1], "key"))
		for n, c := range all {
			err := call(t.Context(), c, "key")
			var later *vault.RetryError
			if !errors.As(err, &later) || !errors.Is(err, vault.ErrPaced) || later.After != 10*time.Minute || !strings.Contains(err.Error(), "ca.example asks this account to come back later") {
				t.Errorf("server %d: %v", n, err)
			}
		}
		if len(o.calls) != 1 {
			t.Errorf("it was asked %d times", len(o.calls))
		}
		o.answer = nil
		must.Do(t, call(t.Context(), all[0], "other"))
		time.Sleep(10 * time.Minute)
		for _, c := range all {
			must.Do(t, call(t.Context(), c, "key"))
		}
	})
}

// While the rows cannot be read nobody is called, and it is said when to try again.
func TestSharedRowsAreAway(t *testing.T) {
	t.Parallel()
	o := &office{}
	all, rows := servers(t, 1, o)
	rows.away = errors.New("the database is away")
	err := call(t.Context(), all[0], "key")
	var later *vault.RetryError
	if !errors.As(err, &later) || !errors.Is(err, rows.away) || len(o.calls) != 0 {
		t.Errorf("%v; it was asked %d times", err, len(o.calls))
	}
	rows.away = nil
	must.Do(t, call(t.Context(), all[0], "key"))
	rows.rows = map[string]vault.Account{all[0].shareOf("broken").id: {Body: []byte("{"), Rev: 1}}
	if err := call(t.Context(), all[0], "broken"); err == nil || !strings.Contains(fmt.Sprint(err), "account pace/Authority/") {
		t.Errorf("a row that cannot be read: %v", err)
	}
}

// Rows say times by the clock that servers share, however wrong a server's own is.
func TestSharedRowsAreDatedByTheirClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, ahead := range []time.Duration{-3 * time.Hour, 3 * time.Hour} {
			o := &office{answer: func(*http.Request) (int, string) { return http.StatusTooManyRequests, "600" }}
			all, rows := servers(t, 2, o, Limit{Requests: 100, Within: time.Minute})
			for _, c := range all {
				c.Share("Authority", &dated{rows, ahead})
			}
			must.Do(t, call(t.Context(), all[0], "key"))
			var row shareRow
			must.Do(t, json.Unmarshal(rows.rows[all[0].shareOf("key").id].Body, &row))
			if now := time.Now().Add(ahead); !row.At.Equal(now) || !row.Closed.Equal(now.Add(10*time.Minute)) {
				t.Errorf("at %v of the rows' clock the row is %+v", now, row)
			}
			var later *vault.RetryError
			if err := call(t.Context(), all[1], "key"); !errors.As(err, &later) || later.After != 10*time.Minute {
				t.Errorf("another server: %v", err)
			}
		}
	})
}

// dated is a shelf whose rows are dated by a clock that is ahead.
type dated struct {
	*shelf
	ahead time.Duration
}

func (d *dated) Ahead() time.Duration { return d.ahead }

// A row that a wrong clock dated counts as one of now: it gave nothing until then.
func TestARowOfTheFuture(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all, rows := servers(t, 1, &office{}, Limit{Requests: 60, Within: time.Minute})
		text, err := json.Marshal(shareRow{At: time.Now().Add(100 * 24 * time.Hour), Left: []float64{0}})
		must.Do(t, err)
		rows.rows = map[string]vault.Account{all[0].shareOf("key").id: {Body: text, Rev: 1}}
		made := 0
		for end := time.Now().Add(time.Minute); time.Now().Before(end); {
			err := call(t.Context(), all[0], "key")
			var later *vault.RetryError
			if errors.As(err, &later) {
				time.Sleep(min(later.After, time.Minute))
				continue
			}
			must.Do(t, err)
			made++
		}
		if made < 20 || made > 60 {
			t.Errorf("%d calls in the next minute, want 30 or so", made)
		}
	})
}

// stuck are rows whose first reads get no answer until they are let go.
type stuck struct {
	*shelf
	stuck int // that many
	let   chan struct{}
}

func (s *stuck) Read(ctx context.Context, id string) ([]byte, int64, error) {
	s.mu.Lock()
	waits := s.stuck > 0
	s.stuck--
	s.mu.Unlock()
	if waits {
		select {
		case <-s.let:
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
	}
	return s.shelf.Read(ctx, id)
}

// A caller whom the database does not answer holds up nobody: who only wants to know
// something asks for himself, who wants calls too waits no longer than for his turn, or
// until he leaves, and what is left is taken by whoever comes.
func TestSlowRowsHoldUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all, rows := servers(t, 1, &office{}, Limit{Requests: 200, Within: 5 * time.Second})
		slow := &stuck{shelf: rows, stuck: 1, let: make(chan struct{})}
		all[0].Share("Authority", slow)
		s := all[0].shareOf("key")
		first := make(chan error, 1)
		go func() {
			_, err := s.take(t.Context())
			first <- err
		}()
		synctest.Wait()
		began := time.Now()
		_, _, err := s.closed(t.Context())
		must.Do(t, err)
		must.Do(t, s.close(began.Add(time.Minute), "ca.example"))
		if took := time.Since(began); took != 0 {
			t.Errorf("who wants to know waited for %v", took)
		}
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		if _, err := s.take(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("who left: %v after %v", err, time.Since(began))
		}
		began = time.Now()
		if wait, err := s.take(t.Context()); wait != maxWait || err != nil || time.Since(began) != maxWait {
			t.Errorf("who waits: %v, %v after %v", wait, err, time.Since(began))
		}
		waits := make(chan time.Duration, 3)
		for range 3 {
			go func() {
				wait, err := s.take(t.Context())
				must.Do(t, err)
				waits <- wait
			}()
		}
		synctest.Wait()
		close(slow.let)
		must.Do(t, <-first)
		for range 3 {
			if wait := <-waits; wait != 0 {
				t.Errorf("with calls there one was told to wait for %v", wait)
			}
		}
		if rows.writes != 2 { // that it is closed, and a handful
			t.Errorf("%d writes", rows.writes)
		}
	})
}

// That one caller left is nobody else's answer; that the rows are away is everybody's.
func TestWhoAskedLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all, rows := servers(t, 1, &office{}, Limit{Requests: 200, Within: 5 * time.Second})
		slow := &stuck{shelf: rows, stuck: 1, let: make(chan struct{})}
		all[0].Share("Authority", slow)
		s := all[0].shareOf("key")
		ctx, leave := context.WithCancel(t.Context())
		first, second := make(chan error, 1), make(chan error, 1)
		take := func(ctx context.Context, to chan error) {
			_, err := s.take(ctx)
			to <- err
		}
		go take(ctx, first)
		synctest.Wait()
		go take(t.Context(), second)
		synctest.Wait()
		leave()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("who left: %v", err)
		}
		must.Do(t, <-second)

		rows.away, slow.stuck, s.left = errors.New("the database is away"), 1, 0
		go take(t.Context(), first)
		synctest.Wait()
		go take(t.Context(), second)
		synctest.Wait()
		reads := rows.reads
		close(slow.let)
		for _, from := range []chan error{first, second} {
			if err := <-from; !errors.Is(err, rows.away) {
				t.Errorf("the database is away: %v", err)
			}
		}
		if n := rows.reads - reads; n != 1 {
			t.Errorf("%d asked, one would do", n)
		}
	})
}
