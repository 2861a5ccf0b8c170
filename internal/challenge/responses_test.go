package challenge_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/account"
	"certwright/internal/challenge"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

func publishing(t *testing.T, b *challenge.Responses) challenge.Solver {
	t.Helper()
	s, err := challenge.New(challenge.Settings{Kind: "http"}, challenge.Means{Responses: b})
	must.Do(t, err)
	return s
}

func wantAnswer(t *testing.T, b *challenge.Responses, name, want string) {
	t.Helper()
	if got, ok := b.Answer(name); got != want || ok != (want != "") {
		t.Errorf("the answer to %s is %q, %v; want %q", name, got, ok, want)
	}
}

func TestResponses(t *testing.T) {
	t.Parallel()
	rows := sqltest.Accounts(t)
	b := &challenge.Responses{Accounts: rows}
	s := publishing(t, b)
	if s.Type() != challenge.HTTP01 {
		t.Errorf("it solves %s", s.Type())
	}
	for range 2 {
		for _, name := range []string{"one", "two"} {
			must.Do(t, s.Present(t.Context(), token(name)))
		}
	}
	if ok, _, err := s.Ready(t.Context(), token("one"), noon, noon); !ok || err != nil {
		t.Errorf("Ready: %v, %v", ok, err)
	}
	wantAnswer(t, b, "one", "one.thumb")
	for range 2 {
		must.Do(t, s.Cleanup(t.Context(), token("one")))
	}
	wantAnswer(t, b, "one", "")
	wantAnswer(t, b, "two", "two.thumb")

	another := &challenge.Responses{Accounts: rows} // another process, or this one after a restart
	wantAnswer(t, another, "two", "two.thumb")
	must.Do(t, s.Present(t.Context(), token("three")))
	wantAnswer(t, another, "three", "three.thumb")
	again := token("three") // the same token for another account
	again.Value = "three.other"
	must.Do(t, publishing(t, another).Present(t.Context(), again))
	wantAnswer(t, another, "three", "three.other")
}

// What one server takes back no other one answers.
func TestResponsesTakenBack(t *testing.T) {
	t.Parallel()
	book := sqltest.Accounts(t)
	rows := &account.Shared{Sole: account.Sole{Book: book}, Revision: book.Store.(*sqlstore.Store).AccountRevision}
	one, two := &challenge.Responses{Accounts: rows}, &challenge.Responses{Accounts: rows}
	must.Do(t, publishing(t, one).Present(t.Context(), token("here")))
	wantAnswer(t, two, "here", "here.thumb")
	must.Do(t, publishing(t, one).Present(t.Context(), token("there")))
	must.Do(t, publishing(t, one).Cleanup(t.Context(), token("here")))
	wantAnswer(t, two, "here", "")
	wantAnswer(t, two, "there", "there.thumb")
}

func TestResponsesServed(t *testing.T) {
	t.Parallel()
	b := &challenge.Responses{Accounts: sqltest.Accounts(t)}
	must.Do(t, publishing(t, b).Present(t.Context(), token("one")))
	for _, c := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/.well-known/acme-challenge/one", 200, "one.thumb"},
		{"GET", "/.well-known/acme-challenge/two", 404, ""},
		{"GET", "/.well-known/acme-challenge/", 404, ""},
		{"GET", "/.well-known/acme-challenge/a/../one", 404, ""},
		{"GET", "/.well-known/acme-challenge/" + strings.Repeat("x", 1000), 404, ""},
		{"POST", "/.well-known/acme-challenge/one", 404, ""},
		{"GET", "/one", 404, ""},
	} {
		w := httptest.NewRecorder()
		b.ServeHTTP(w, httptest.NewRequest(c.method, c.path, http.NoBody))
		if w.Code != c.status || c.body != "" && w.Body.String() != c.body {
			t.Errorf("%s %s: %d %q, want %d %q", c.method, c.path, w.Code, w.Body, c.status, c.body)
		}
	}
}

func TestManyWritersOfResponses(t *testing.T) {
	t.Parallel()
	rows := sqltest.Accounts(t)
	all := []*challenge.Responses{{Accounts: rows}, {Accounts: rows}, {Accounts: rows}}
	var wg sync.WaitGroup
	for i, b := range all {
		s := publishing(t, b)
		for j := range 5 {
			wg.Go(func() {
				if err := s.Present(t.Context(), token(fmt.Sprintf("t%d-%d", i, j))); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	last := &challenge.Responses{Accounts: rows}
	for i := range all {
		for j := range 5 {
			name := fmt.Sprintf("t%d-%d", i, j)
			wantAnswer(t, last, name, name+".thumb")
		}
	}
}

// shelf is rows in memory that count their reads, fast enough to fill a row.
type shelf struct {
	mu    sync.Mutex
	text  []byte
	rev   int64
	reads int
	err   error // of every call
	stale bool  // someone else is always faster
}

func (s *shelf) Read(context.Context, string) ([]byte, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if s.err == nil && s.rev == 0 {
		return nil, 0, vault.ErrNotFound
	}
	return s.text, s.rev, s.err
}

func (s *shelf) Write(_ context.Context, _ string, text []byte, rev int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stale || rev != s.rev {
		return vault.ErrStale
	}
	s.text, s.rev = text, s.rev+1
	return s.err
}

func TestFullBoard(t *testing.T) {
	t.Parallel()
	var row []string // with 998 tokens
	for i := range 998 {
		row = append(row, fmt.Sprintf(`{"token":"t%d","value":"t%d.thumb"}`, i, i))
	}
	rows := &shelf{rev: 1, text: []byte("[" + strings.Join(row, ",") + "]")}
	b := &challenge.Responses{Accounts: rows}
	s := publishing(t, b)
	for i := 998; i < 1003; i++ {
		must.Do(t, s.Present(t.Context(), token(fmt.Sprint("t", i))))
	}
	for name, want := range map[string]string{"t2": "", "t3": "t3.thumb", "t1002": "t1002.thumb"} {
		wantAnswer(t, b, name, want)
	}
	if len(rows.text) > 1<<20 {
		t.Errorf("the row has %d bytes", len(rows.text))
	}
}

// However many strangers ask, the store is read five times a second.
func TestStrangersCostLittle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rows := &shelf{}
		b := &challenge.Responses{Accounts: rows}
		must.Do(t, publishing(t, b).Present(t.Context(), token("mine")))
		begin := time.Now()
		var wg sync.WaitGroup
		for range 10 {
			for i := range 100 {
				wg.Go(func() { wantAnswer(t, b, fmt.Sprint("stranger", i), "") })
			}
			wg.Go(func() { wantAnswer(t, b, "mine", "mine.thumb") })
			wg.Wait()
		}
		allowed := 2 + int(time.Since(begin)/(200*time.Millisecond))
		if rows.reads > allowed || rows.reads > 25 {
			t.Errorf("%d reads in %v for 1000 strangers, want %d at most", rows.reads, time.Since(begin), allowed)
		}
	})
}

func TestResponsesFail(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	for name, c := range map[string]struct {
		rows *shelf
		want string
	}{
		"read":  {&shelf{err: broken}, "read the responses to http-01 challenges: the disk is gone"},
		"torn":  {&shelf{rev: 1, text: []byte("{")}, "read the responses to http-01 challenges: unexpected end of JSON input"},
		"stale": {&shelf{stale: true}, "are written by too many at the same time"},
	} {
		b := &challenge.Responses{Accounts: c.rows}
		err := publishing(t, b).Present(t.Context(), token("one"))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
		wantAnswer(t, b, "one", "")
	}
	for _, b := range []*challenge.Responses{nil, {}} {
		if _, err := challenge.New(challenge.Settings{Kind: "http"}, challenge.Means{Responses: b}); err == nil {
			t.Error("a solver was made without responses")
		}
	}
	wantAnswer(t, &challenge.Responses{}, "one", "")
}

// stalled are rows that do not answer before they are let go.
type stalled struct {
	*shelf
	let chan struct{}
}

func (s *stalled) Read(ctx context.Context, id string) ([]byte, int64, error) {
	<-s.let
	return s.shelf.Read(ctx, id)
}

// Who publishes a proof while the database does not answer another caller waits no
// longer than he wants to.
func TestASlowWriterOfResponses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rows := &stalled{&shelf{}, make(chan struct{})}
		s := publishing(t, &challenge.Responses{Accounts: rows})
		first := make(chan error, 1)
		go func() { first <- s.Present(t.Context(), token("one")) }()
		synctest.Wait()
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		if err := s.Present(ctx, token("two")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who left: %v", err)
		}
		close(rows.let)
		must.Do(t, <-first)
		must.Do(t, s.Present(t.Context(), token("two")))
	})
}
