package listener

import (
	"bytes"
	"crypto/tls"
	"net"
	"net/http"
	"sync"

	"certwright/internal/vault"
)

// A watched is a connection of HTTP/1 that remembers which framing fields stood
// in the headers of the request under way: net/http forgets a Content-Length
// beside a Transfer-Encoding, which RFC 9112 section 6.3 wants handled as an error.
type watched struct {
	net.Conn
	mu     sync.Mutex
	line   [18]byte // how the line that arrives begins: as long as "transfer-encoding:"
	in     int      // bytes of that line
	body   bool     // the headers are at their end
	length bool     // Content-Length stood there
	coding bool     // Transfer-Encoding did
}

// A secured is a watched connection over TLS. net/http shows its ConnectionState
// as Request.TLS.
type secured struct {
	*watched
	tls *tls.Conn
}

// ConnectionState is the state of TLS.
func (s secured) ConnectionState() tls.ConnectionState { return s.tls.ConnectionState() }

type watchedKey struct{}

// watchedOf is the watched connection that c is; nil: none.
func watchedOf(c net.Conn) *watched {
	switch c := c.(type) {
	case *watched:
		return c
	case secured:
		return c.watched
	}
	return nil
}

// Plain watches what connects to l.
func Plain(l net.Listener) net.Listener { return plain{l} }

type plain struct{ net.Listener }

// Accept implements net.Listener.
func (p plain) Accept() (net.Conn, error) {
	c, err := p.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &watched{Conn: c}, nil
}

// CloseWrite ends what is sent and leaves what is received open, so that an answer
// to a request that was not read to its end arrives; net/http asks for it.
func (w *watched) CloseWrite() error {
	if c, ok := w.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return nil
}

// Read reads on and looks at headers that pass.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range p[:n] {
		if w.body {
			break
		}
		w.see(b)
	}
	return n, err
}

// see takes one byte of the headers.
func (w *watched) see(b byte) {
	switch {
	case b == '\n':
		w.ended(bytes.TrimRight(w.line[:min(w.in, len(w.line))], "\r"))
		w.in = 0
	case w.in < len(w.line):
		w.line[w.in] = b
		fallthrough
	default:
		w.in++
	}
}

// ended takes the beginning of a line.
func (w *watched) ended(line []byte) {
	name, _, field := bytes.Cut(line, []byte(":"))
	switch {
	case len(line) == 0:
		w.body = true
	case field && bytes.EqualFold(name, []byte("content-length")):
		w.length = true
	case field && bytes.EqualFold(name, []byte("transfer-encoding")):
		w.coding = true
	}
}

// next is told that another request may come.
func (w *watched) next() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.in, w.body, w.length, w.coding = 0, false, false, false
}

// twofold reports whether the request under way says twice how long it is.
func (w *watched) twofold() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.length && w.coding
}

// framed refuses a request of HTTP/1 that says its length twice, and closes the
// connection after every one that a proxy in front may have read to another end:
// what follows there could be somebody else's.
func framed(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 1 {
			if len(r.TransferEncoding) > 0 || !r.ProtoAtLeast(1, 1) {
				w.Header().Set("Connection", "close")
			}
			if c, ok := r.Context().Value(watchedKey{}).(*watched); ok && c.twofold() {
				w.Header().Set("Connection", "close")
				refuse(w, vault.TwoLengths())
				return
			}
		}
		h.ServeHTTP(w, r)
	})
}
