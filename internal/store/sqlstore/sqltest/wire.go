package sqltest

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"certwright/internal/must"
)

// A Wire is a way to a database that may fall silent: nothing arrives any more, and
// nobody is told.
type Wire struct {
	door net.Listener
	to   string

	mu    sync.Mutex
	mute  bool // for those that come
	lines map[*line]bool
	all   sync.WaitGroup
}

// A line is a connection on the way.
type line struct {
	in, out net.Conn
	mute    atomic.Bool
}

// Lay makes a way to an address, until the test's end.
func Lay(t testing.TB, to string) *Wire {
	t.Helper()
	door, err := net.Listen("tcp", "127.0.0.1:0")
	must.Do(t, err)
	w := &Wire{door: door, to: to, lines: map[*line]bool{}}
	w.all.Go(w.run)
	t.Cleanup(w.Close)
	return w
}

// Name is the address where it begins.
func (w *Wire) Name() string { return w.door.Addr().String() }

// Silence silences all connections that there are, and those that come while it is on.
func (w *Wire) Silence(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mute = on
	for l := range w.lines {
		l.mute.Store(true)
	}
}

// Close ends it, and its connections.
func (w *Wire) Close() {
	_ = w.door.Close() // twice does no harm
	w.mu.Lock()
	for l := range w.lines {
		_, _ = l.in.Close(), l.out.Close()
	}
	w.mu.Unlock()
	w.all.Wait()
}

func (w *Wire) run() {
	for {
		in, err := w.door.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", w.to)
		if err != nil {
			_ = in.Close()
			continue
		}
		l := &line{in: in, out: out}
		w.mu.Lock()
		l.mute.Store(w.mute)
		w.lines[l] = true
		w.mu.Unlock()
		w.all.Go(func() { l.carry(in, out) })
		w.all.Go(func() { l.carry(out, in) })
	}
}

// carry carries one direction until either end closes.
func (l *line) carry(from, to net.Conn) {
	defer l.in.Close()
	defer l.out.Close()
	part := make([]byte, 4096)
	for {
		n, err := from.Read(part)
		if err != nil {
			return
		}
		if l.mute.Load() {
			continue
		}
		if _, err := to.Write(part[:n]); err != nil {
			return
		}
	}
}
