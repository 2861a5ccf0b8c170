package listener

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"certwright/internal/clock"
)

// TLS returns a listener whose connections have their handshake behind them. One
// that fails is told in the log with the address that it came from, some lines a
// minute; a connection that says nothing at all is not worth one.
func TLS(l net.Listener, config *tls.Config, log *slog.Logger) net.Listener {
	ctx, stop := context.WithCancel(context.Background())
	t := &handshakes{Listener: l, config: config, log: slog.New(Sparse(log.Handler())), ready: make(chan net.Conn), ctx: ctx, stop: stop, failed: make(chan struct{})}
	t.running.Go(t.take)
	return t
}

type handshakes struct {
	net.Listener
	config *tls.Config
	log    *slog.Logger

	ready   chan net.Conn
	running sync.WaitGroup
	ctx     context.Context // of handshakes: Close ends it
	stop    context.CancelFunc
	failed  chan struct{} // closed once nothing more is accepted
	err     error         // why
}

// take accepts connections until the listener is closed.
func (t *handshakes) take() {
	for pause := time.Duration(0); ; {
		c, err := t.Listener.Accept()
		if err == nil {
			pause = 0
			t.running.Go(func() { t.shake(c) })
			continue
		}
		if passing := (interface{ Temporary() bool })(nil); t.ctx.Err() != nil || !errors.As(err, &passing) || !passing.Temporary() {
			t.err = err
			close(t.failed)
			return
		}
		pause = min(max(2*pause, 5*time.Millisecond), time.Second) // no descriptor is free, for example
		t.log.Warn("a connection cannot be accepted", "error", err, "again_in", pause)
		select {
		case <-t.ctx.Done():
		case <-time.After(pause):
		}
	}
}

// shake takes one connection through its handshake.
func (t *handshakes) shake(raw net.Conn) {
	ctx, stop := context.WithTimeout(t.ctx, headerTime)
	defer stop()
	heard := &hearing{Conn: raw}
	c := tls.Server(heard, t.config)
	if err := c.HandshakeContext(ctx); err != nil {
		t.tell(raw, heard, err)
		raw.Close()
		return
	}
	var ready net.Conn = c
	if c.ConnectionState().NegotiatedProtocol != "h2" {
		ready = secured{&watched{Conn: c}, c}
	}
	select {
	case t.ready <- ready:
	case <-t.ctx.Done():
		c.Close()
	}
}

// tell says why a handshake failed, to a client that does not speak TLS as well.
func (t *handshakes) tell(raw net.Conn, heard *hearing, err error) {
	var plain tls.RecordHeaderError
	if errors.As(err, &plain) && plain.Conn != nil && looksLikeHTTP(plain.RecordHeader[:]) {
		_ = raw.SetWriteDeadline(clock.Real{}.Now().Add(time.Second))
		_, _ = io.WriteString(raw, "HTTP/1.0 400 Bad Request\r\n\r\nThis is an HTTPS server: call it at https://.\n")
		err = errors.New("the client speaks HTTP without TLS")
	}
	if t.ctx.Err() == nil && heard.any {
		t.log.Warn("TLS handshake failed", "client", raw.RemoteAddr().String(), "error", err)
	}
}

// looksLikeHTTP reports whether a connection begins as a request without TLS does.
func looksLikeHTTP(begins []byte) bool {
	for _, method := range []string{"GET /", "HEAD ", "POST ", "PUT /", "PATCH", "DELET", "OPTIO", "CONNE"} {
		if bytes.HasPrefix(begins, []byte(method)) {
			return true
		}
	}
	return false
}

// Accept implements net.Listener.
func (t *handshakes) Accept() (net.Conn, error) {
	select {
	case c := <-t.ready:
		return c, nil
	case <-t.failed:
		return nil, t.err
	}
}

// Close implements net.Listener; handshakes under way end.
func (t *handshakes) Close() error {
	t.stop()
	err := t.Listener.Close()
	t.running.Wait()
	return err
}

// A hearing connection knows whether the other side ever said anything.
type hearing struct {
	net.Conn
	any bool
}

// Read implements net.Conn.
func (h *hearing) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	h.any = h.any || n > 0
	return n, err
}
