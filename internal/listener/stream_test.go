package listener

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"certwright/internal/must"
)

// The frames of HTTP/2 (RFC 9113 section 6) that these tests send and read.
const (
	headersFrame, resetFrame, settingsFrame, awayFrame = 1, 3, 4, 7

	endStream, endHeaders = 1, 4
)

func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	head := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	return append(binary.BigEndian.AppendUint32(head, stream), payload...)
}

// literal is a header without indexing (RFC 7541 section 6.2.2).
func literal(name, value string) []byte {
	return append(append([]byte{0, byte(len(name))}, name...), append([]byte{byte(len(value))}, value...)...)
}

// ask is a request, :method GET, :scheme https and :path / from the static table.
func ask(stream uint32, more ...[]byte) []byte {
	block := append([]byte{0x82, 0x87, 0x84}, literal(":authority", "x")...)
	return frame(headersFrame, endStream|endHeaders, stream, append(block, bytes.Join(more, nil)...))
}

// begin opens a connection of HTTP/2.
func (p place) begin(t *testing.T) net.Conn {
	t.Helper()
	c, err := p.dial("h2")
	must.Do(t, err)
	t.Cleanup(func() { c.Close() })
	must.Do(t, c.SetDeadline(time.Now().Add(30*time.Second)))
	_, err = c.Write(append([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(settingsFrame, 0, 0, nil)...))
	must.Do(t, err)
	return c
}

// read returns the next frame.
func read(c net.Conn) (kind byte, stream uint32, payload []byte, err error) {
	var head [9]byte
	if _, err = io.ReadFull(c, head[:]); err != nil {
		return 0, 0, nil, err
	}
	payload = make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
	_, err = io.ReadFull(c, payload)
	return head[3], binary.BigEndian.Uint32(head[5:]), payload, err
}

// A client that begins requests and takes them back at once is sent away, and
// never has more handlers at work than streams are allowed.
func TestRapidReset(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int32
	end := make(chan struct{})
	p := open(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		n := now.Add(1)
		for was := most.Load(); n > was && !most.CompareAndSwap(was, n); was = most.Load() {
		}
		<-end // as slow as can be
		now.Add(-1)
	}))
	defer close(end)
	c := p.begin(t)
	go func() {
		for i := range uint32(20 * maxStreams) {
			if _, err := c.Write(append(ask(2*i+1), frame(resetFrame, 0, 2*i+1, []byte{0, 0, 0, 8})...)); err != nil {
				return // sent away
			}
		}
	}()
	for {
		kind, _, payload, err := read(c)
		if err != nil {
			t.Fatalf("not sent away in words: %v", err)
		}
		if kind == awayFrame {
			if code := binary.BigEndian.Uint32(payload[4:]); code != 11 { // ENHANCE_YOUR_CALM
				t.Errorf("sent away with code %d", code)
			}
			break
		}
	}
	if n := most.Load(); n == 0 || n > maxStreams {
		t.Errorf("%d handlers at a time", n)
	}
}

// What HTTP/2 forbids, because it would be read otherwise behind a proxy that turns
// it into HTTP/1, is refused before any handler.
func TestHeadersOfHTTP2(t *testing.T) {
	t.Parallel()
	p := open(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for name, values := range r.Header {
			if strings.ContainsAny(name+strings.Join(values, ""), "\r\n\x00") || name == "Transfer-Encoding" || name == "Connection" {
				t.Errorf("a handler sees %s: %q", name, values)
			}
		}
	}))
	for name, more := range map[string][][]byte{
		"a coding":          {literal("transfer-encoding", "chunked")},
		"a connection":      {literal("connection", "close")},
		"an upgrade":        {literal("upgrade", "websocket")},
		"a line break":      {literal("x-a", "b\r\nx-c: d")},
		"a break in a name": {literal("x-a\r\nx-c", "d")},
		"an upper case":     {literal("X-A", "b")},
		"a null":            {literal("x-a", "b\x00")},
		"a late pseudo":     {literal("x-a", "b"), literal(":path", "/other")},
		"a second path":     {literal(":path", "/other")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := p.begin(t)
			_, err := c.Write(ask(1, more...))
			must.Do(t, err)
			for {
				kind, stream, payload, err := read(c)
				if err != nil {
					t.Fatalf("no answer: %v", err)
				}
				if kind == resetFrame || kind == awayFrame || kind == headersFrame && stream == 1 && bytes.IndexByte(payload, 0x8c) == 0 { // :status 400
					return
				}
				if kind == headersFrame {
					t.Fatalf("answered with %x", payload)
				}
			}
		})
	}
}
