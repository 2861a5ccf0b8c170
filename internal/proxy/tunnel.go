package proxy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"certwright/internal/clock"
)

// A tunnel carries bytes between two connections until both ends have closed,
// one of them breaks, or nothing came for the idle time.
type tunnel struct {
	near, far net.Conn
	idle      time.Duration
}

// run carries until the tunnel's end or the context's, and leaves both
// connections closed.
func (t tunnel) run(ctx context.Context) {
	defer t.close()
	defer context.AfterFunc(ctx, t.close)()
	var both sync.WaitGroup
	both.Go(func() { t.carry(t.far, t.near) })
	both.Go(func() { t.carry(t.near, t.far) })
	both.Wait()
}

// carry copies one direction. An end is passed on, so that the other direction
// may still finish; anything else that goes wrong ends both.
func (t tunnel) carry(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		t.awake()
		n, err := from.Read(buffer)
		if n > 0 {
			if _, bad := to.Write(buffer[:n]); bad != nil {
				err = bad
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF) && closeWrite(to) == nil:
			return
		default:
			t.close()
			return
		}
	}
}

// awake puts off the tunnel's end: traffic in one direction keeps both.
func (t tunnel) awake() {
	until := clock.Real{}.Now().Add(t.idle)
	_, _ = t.near.SetDeadline(until), t.far.SetDeadline(until) // a closed one says so when it is read
}

func (t tunnel) close() { _, _ = t.near.Close(), t.far.Close() }

// closeWrite tells the other side that nothing more will come.
func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// after returns the connection with what a reader holds of it in front. The
// reader itself is not asked for more: http.Server's would take an end of the
// connection for the end of the request.
func after(in *bufio.Reader, c net.Conn) net.Conn {
	early, _ := in.Peek(in.Buffered())
	return ahead{c, io.MultiReader(bytes.NewReader(early), c)}
}

// ahead is a connection of which a part was read already.
type ahead struct {
	net.Conn
	read io.Reader // what was read, then the connection
}

// Read implements net.Conn.
func (a ahead) Read(p []byte) (int, error) { return a.read.Read(p) }

// CloseWrite tells the other side that nothing more will come.
func (a ahead) CloseWrite() error { return closeWrite(a.Conn) }
