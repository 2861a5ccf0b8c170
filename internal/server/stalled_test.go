package server

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"certwright/internal/config"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
)

// A narrows is a way to a database on which, while it is blocked, nothing goes on
// that asks what changed.
type narrows struct {
	to      string
	blocked atomic.Bool
	held    atomic.Int64 // what was kept from going on
	open    chan struct{}
}

// narrowsTo opens one, and returns the URL of the database over it.
func narrowsTo(t *testing.T, database string) (*narrows, string) {
	t.Helper()
	u, err := url.Parse(database)
	must.Do(t, err)
	n := &narrows{to: u.Host, open: make(chan struct{})}
	at, err := net.Listen("tcp", "127.0.0.1:0")
	must.Do(t, err)
	t.Cleanup(func() { _ = at.Close() })
	go func() {
		for {
			c, err := at.Accept()
			if err != nil {
				return
			}
			go n.carry(c)
		}
	}()
	u.Host = at.Addr().String()
	return n, u.String()
}

func (n *narrows) carry(c net.Conn) {
	defer c.Close()
	s, err := net.Dial("tcp", n.to)
	if err != nil {
		return
	}
	defer s.Close()
	go func() {
		_, _ = io.Copy(c, s)
		_ = c.Close()
	}()
	asks := false
	for buffer := make([]byte, 32<<10); ; {
		size, err := c.Read(buffer)
		if err != nil {
			return
		}
		asks = asks || bytes.Contains(buffer[:size], []byte("pg_visible_in_snapshot"))
		if asks && n.blocked.Load() {
			n.held.Add(1)
			<-n.open
		}
		if _, err := s.Write(buffer[:size]); err != nil {
			return
		}
	}
}

// A server that cannot read what others changed believes what it knows for a second
// and no longer: then it asks the database about everything, until it can again.
func TestAStalledFeed(t *testing.T) {
	t.Parallel()
	p := together(t, sqltest.Postgres(t)[0], config.CacheSecond, nil)
	way, over := narrowsTo(t, p.one.config.Store)
	c := p.one.config
	c.Store, c.Data = over, t.TempDir()
	p.two = serveIn(t, c, Options{})
	t.Cleanup(func() { // before the server ends, which waits for who asks
		if way.blocked.CompareAndSwap(true, false) {
			close(way.open)
		}
	})
	enabled := func(yes string) {
		t.Helper()
		if got := p.ask(p.one, "PATCH", "/secrets/shared", `{"attributes":{"enabled":`+yes+`}}`); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	shows := func(status int) func() bool {
		return func() bool { return p.ask(p.two, "GET", "/secrets/shared", "").status == status }
	}
	secretAt(t, p.one, "shared", "value")
	p.obeys("a new secret", shows(200))
	for !p.two.fresh() && t.Context().Err() == nil {
		shows(200)()
	}
	way.blocked.Store(true)
	for way.held.Load() == 0 && t.Context().Err() == nil {
		shows(200)()
	}
	enabled("false")
	p.obeys("a disabled secret, within a second of the stall", shows(http.StatusForbidden))
	for began := time.Now(); p.two.fresh(); {
		if time.Since(began) > 5*time.Second {
			t.Fatal("what was read before the stall is still believed")
		}
	}
	p.mode = config.CacheStrict // as it is now
	for range 5 {
		enabled("true")
		p.obeys("an enabled secret", shows(200))
		enabled("false")
		p.obeys("a disabled secret", shows(http.StatusForbidden))
	}
	if p.two.fresh() {
		t.Error("it is fresh, and reads nothing")
	}
	way.blocked.Store(false)
	close(way.open)
	for began := time.Now(); !p.two.fresh(); {
		if time.Since(began) > 10*time.Second {
			t.Fatal("it does not follow again")
		}
	}
	p.mode = config.CacheSecond
	enabled("true")
	p.obeys("an enabled secret, once it follows again", shows(200))
}
