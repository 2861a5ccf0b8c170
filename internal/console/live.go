package console

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

const (
	liveLook      = 2 * time.Second // between looks where nothing wakes: another server of the database may have written
	liveBreak     = 300 * time.Millisecond
	liveCount     = time.Minute // that a count may take
	liveCountLook = 30 * time.Second
	liveTime      = 10 * time.Minute // a browser comes back by itself
	writeTime     = 30 * time.Second
	mostListening = 50 // pages of one person
)

// live tells a page that what it shows has changed, as server-sent events: of
// one certificate, ?on=vault/name, of the count of all, ?of=count, or of anything.
func (c *Console) live(w http.ResponseWriter, r *http.Request) error {
	ctx, end := context.WithCancel(r.Context())
	defer end()
	r = r.WithContext(ctx)
	look, every := func() uint64 { return 0 }, liveLook
	if r.URL.Query().Get("of") == "count" {
		every = liveCountLook
		look = func() uint64 { return c.Census.Ask(r.Context(), liveCount).Sum() }
	}
	if on := r.URL.Query().Get("on"); on != "" {
		vaultName, name, _ := strings.Cut(on, "/")
		r.SetPathValue("vault", vaultName)
		r.SetPathValue("name", name)
		ref, err := place(r)
		if err != nil {
			return err
		}
		if _, err := c.read(r, ref); err != nil {
			return err
		}
		look = func() uint64 { return c.revision(r, ref) }
	}
	leave, ok := c.listeners.enter(c.who(r))
	if !ok {
		return &vault.Error{Reason: vault.Throttled, Code: "TooManyRequests", Message: fmt.Sprintf("You have %d pages open that listen already: close some.", mostListening)}
	}
	defer leave()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	if r.Method == http.MethodHead {
		return nil
	}
	go c.whileSignedIn(r, end)
	c.follow(w, r, every, look)
	return nil
}

// listeners are how many pages of one person listen.
type listeners struct {
	mu sync.Mutex
	of map[string]int
}

// enter counts one more, until leave is called; false: there are too many.
func (l *listeners) enter(who vault.Caller) (leave func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	person := who.Issuer + "/" + who.Tenant + "/" + who.Subject
	if l.of[person] >= mostListening {
		return nil, false
	}
	if l.of == nil {
		l.of = map[string]int{}
	}
	l.of[person]++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.of[person]--; l.of[person] == 0 {
			delete(l.of, person)
		}
	}, true
}

// whileSignedIn ends what is done for a request once its session has ended, or
// whoever it is of may not sign in any more: at this server that wakes it, and
// else it is looked at again and again.
func (c *Console) whileSignedIn(r *http.Request, end context.CancelFunc) {
	defer end()
	if c.Door == nil {
		<-r.Context().Done()
		return
	}
	tick := time.NewTicker(liveLook)
	defer tick.Stop()
	for {
		wake := c.Wake() // before the look, so that none is missed
		if !c.Door.Lasts(r) {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-wake:
			pause(r, liveBreak)
		case <-tick.C:
		}
	}
}

// revision is that of a certificate; 0 where it is gone.
func (c *Console) revision(r *http.Request, ref vault.Ref) (rev uint64) {
	_ = c.Service.Store.View(r.Context(), func(rows vault.Reader) error {
		o, err := rows.Object(ref)
		rev = uint64(o.Rev)
		return err
	})
	return rev
}

// follow writes an event whenever look says something else than what the page
// shows, ?seen=, or something woke and look knows no better.
func (c *Console) follow(w http.ResponseWriter, r *http.Request, every time.Duration, look func() uint64) {
	seen, _ := strconv.ParseUint(r.URL.Query().Get("seen"), 10, 64)
	woken := seen == 0 // the page is from before
	control := http.NewResponseController(w)
	write := func(text string) bool {
		_ = control.SetWriteDeadline(clock.Real{}.Now().Add(writeTime)) // a recorder in a test has none
		_, err := w.Write([]byte(text))
		return err == nil && control.Flush() == nil
	}
	end := time.NewTimer(liveTime)
	defer end.Stop()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for there := write("retry: 1000\n: follows\n\n"); there; {
		wake := c.Wake() // before the look, so that none is missed
		now := look()
		if now != seen || woken && now == 0 {
			seen = now
			there = write("event: changed\ndata: " + clock.Real{}.Now().UTC().Format(time.RFC3339Nano) + "\n\n")
		}
		woken = false
		select {
		case <-r.Context().Done():
			return
		case <-end.C:
			return
		case <-c.Closed:
			return
		case <-wake:
			woken = true
			pause(r, liveBreak)
		case <-tick.C:
		}
	}
}

func pause(r *http.Request, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-r.Context().Done():
	case <-t.C:
	}
}
