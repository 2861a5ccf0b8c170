package listener

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/must"
)

// A lockedBuffer keeps what is logged.
type lockedBuffer struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.String()
}

// A scanner gets some lines a minute, and the next says how many it did not get.
func TestSparse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := slog.New(Sparse(slog.NewTextHandler(&out, nil)))
		for range 1000 {
			log.With("a", 1).Warn("noise")
		}
		if n := strings.Count(out.String(), "\n"); n != noiseMost {
			t.Errorf("%d lines", n)
		}
		out.Reset()
		time.Sleep(noisePer)
		log.Warn("later")
		log.Warn("again")
		if got := out.String(); strings.Count(got, "left_out=980") != 1 || !strings.Contains(got, "msg=again\n") {
			t.Errorf("said %s", got)
		}
	})
}

// A failed handshake is told with the address that it came from; one that never
// said anything is not; and no number of them fills the log.
func TestHandshakes(t *testing.T) {
	t.Parallel()
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	must.Do(t, err)
	var out lockedBuffer
	l := TLS(raw, &tls.Config{GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		return nil, errors.New("no certificate for " + h.ServerName)
	}}, slog.New(slog.NewTextHandler(&out, nil)))
	s := Server(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	ended := make(chan error)
	go func() { ended <- s.Serve(l) }()

	silent, err := net.Dial("tcp", raw.Addr().String())
	must.Do(t, err)
	must.Do(t, silent.Close())
	var from string
	for i := range 3 * noiseMost {
		c, err := net.Dial("tcp", raw.Addr().String())
		must.Do(t, err)
		if i == 0 {
			from = c.LocalAddr().String()
		}
		if err := tls.Client(c, &tls.Config{ServerName: "scan.example"}).HandshakeContext(t.Context()); err == nil {
			t.Error("a handshake without a certificate")
		}
		must.Do(t, c.Close())
	}
	c, err := net.Dial("tcp", raw.Addr().String())
	must.Do(t, err)
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if text, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(text), "HTTP/1.0 400 ") || !strings.Contains(string(text), "https://") {
		t.Errorf("plain HTTP: %q %v", text, err)
	}
	stuck, err := net.Dial("tcp", raw.Addr().String()) // under way while the server ends
	must.Do(t, err)
	defer stuck.Close()
	must.Do(t, s.Close())
	<-ended
	got := out.String()
	if n := strings.Count(got, "TLS handshake failed"); n != noiseMost {
		t.Errorf("%d lines of %d handshakes:\n%s", n, 3*noiseMost, got)
	}
	if !strings.Contains(got, "client="+from) || !strings.Contains(got, "no certificate for scan.example") {
		t.Errorf("nobody is named:\n%s", got)
	}
}

// A handler that panics is answered, or its answer cut off.
func TestPanics(t *testing.T) {
	t.Parallel()
	p := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/late" {
			w.WriteHeader(200)
			_, _ = io.WriteString(w, "half")
		}
		panic("inside: s3cret-ish")
	}))
	answer, err := http.Get("http://" + p.plain + "/early")
	must.Do(t, err)
	text, err := io.ReadAll(answer.Body)
	if answer.StatusCode != 500 || err != nil || !strings.Contains(string(text), `"code":"InternalServerError"`) || strings.Contains(string(text), "s3cret") {
		t.Errorf("%d %s %v", answer.StatusCode, text, err)
	}
	if answer, err = http.Get("http://" + p.plain + "/late"); err == nil {
		if text, err = io.ReadAll(answer.Body); err == nil {
			t.Errorf("half an answer came as a whole one: %q", text)
		}
	}
}

// The answer to headers that are too long arrives although they were not read.
func TestLongHeaders(t *testing.T) {
	t.Parallel()
	p := open(t, http.NotFoundHandler())
	for door, dial := range map[string]func() (net.Conn, error){"plain": func() (net.Conn, error) { return net.Dial("tcp", p.plain) },
		"TLS": func() (net.Conn, error) { return p.dial("http/1.1") }} {
		c, err := dial()
		must.Do(t, err)
		defer c.Close()
		go func() {
			_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nX-Big: "+strings.Repeat("a", 8*maxHeader)+"\r\n\r\n")
		}()
		if answer, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || answer.StatusCode != 431 {
			t.Errorf("%s: %v %v", door, answer, err)
		}
	}
}
