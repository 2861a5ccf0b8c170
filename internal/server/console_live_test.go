package server

import (
	"bufio"
	"net/http"
	"net/url"
	"testing"
	"time"

	"certwright/internal/clock"
	"certwright/internal/console/session"
	"certwright/internal/must"
)

// follows opens a stream of the console; what it returns is closed when that ends.
func (g guest) follows(path string) (ended chan struct{}) {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), "GET", g.base+path, nil)
	must.Do(g.t, err)
	answer, err := g.Do(r)
	must.Do(g.t, err)
	lines := bufio.NewScanner(answer.Body)
	if answer.StatusCode != 200 || !lines.Scan() {
		g.t.Fatalf("%s: %d", path, answer.StatusCode)
	}
	ended = make(chan struct{})
	go func() {
		defer answer.Body.Close()
		for lines.Scan() { // until it ends
		}
		close(ended)
	}()
	return ended
}

// What a page has open ends with the session: signed out here or at another
// server, or permissions changed. It does not make a session go on.
func TestConsoleStreamEnds(t *testing.T) {
	t.Parallel()
	s, secrets := consoled(t, nil)
	const most = 10 * time.Second // on a machine that does much else; a stream lasts ten minutes
	for name, end := range map[string]func(g guest){
		"signed out": func(g guest) { g.go1("POST", "/ui/signout") },
		"signed out at another server": func(g guest) {
			at, err := url.Parse(g.base)
			must.Do(t, err)
			other := session.Book{Accounts: s.accounts, Now: clock.Real{}.Now, Access: func() string { return s.now().granted }}
			for _, c := range g.Jar.Cookies(at) {
				must.Do(t, other.End(t.Context(), c.Value))
			}
		},
	} {
		for _, path := range []string{"/ui/live", "/ui/live?of=count&seen=1", "/ui/live?on=web/www"} {
			g, still := guestOf(t, s), guestOf(t, s)
			g.signsIn("keeper", secrets["keeper"])
			still.signsIn("keeper", secrets["keeper"])
			in := newForm("www", "Unknown")
			in[1] = "web"
			g.go1("POST", "/ui/new", in...)
			ended, goesOn := g.follows(path), still.follows(path)
			began := time.Now()
			end(g)
			select {
			case <-ended:
				t.Logf("%s, %s: ended after %s", name, path, time.Since(began))
			case <-time.After(most):
				t.Errorf("%s, %s: it runs on", name, path)
			}
			select {
			case <-goesOn:
				t.Errorf("%s, %s: that of another session ended", name, path)
			default:
			}
		}
	}
	g := guestOf(t, s)
	g.signsIn("reader", secrets["reader"])
	ended := g.follows("/ui/live?of=count&seen=1")
	fewer := s.now().config
	fewer.Access.Assignments = fewer.Access.Assignments[:1]
	if _, err := s.Reload(t.Context(), fewer); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(most):
		t.Error("it runs on without permission")
	}
}
