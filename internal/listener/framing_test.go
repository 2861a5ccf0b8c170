package listener

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
)

// A place is a running server with both listeners.
type place struct {
	tls, plain string
	dial       func(protocol string) (net.Conn, error) // raw TLS
}

// open serves h at both listeners.
func open(t *testing.T, h http.Handler) (p place) {
	t.Helper()
	lent := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(lent.Close)
	log := slog.New(slog.DiscardHandler)
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	must.Do(t, err)
	secure, err := net.Listen("tcp", "127.0.0.1:0")
	must.Do(t, err)
	s := Server(h, log)
	ended := make(chan error, 2)
	go func() { ended <- s.Serve(Plain(raw)) }()
	go func() {
		ended <- s.Serve(TLS(secure, &tls.Config{Certificates: lent.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}}, log))
	}()
	t.Cleanup(func() {
		must.Do(t, s.Close())
		for range 2 {
			<-ended
		}
	})
	p.tls, p.plain = secure.Addr().String(), raw.Addr().String()
	p.dial = func(protocol string) (net.Conn, error) {
		return tls.Dial("tcp", p.tls, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}}) // a test's own server
	}
	return p
}

// Requests that two readers might end in different places are refused, or are the
// last of their connection.
func TestFraming(t *testing.T) {
	t.Parallel()
	p := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(400)
		}
		fmt.Fprintf(w, "%s %s %q tls=%v", r.Method, r.URL.Path, body, r.TLS != nil)
	}))
	const first, chunked, hidden = "POST /a HTTP/1.1\r\nHost: x\r\n", "Transfer-Encoding: chunked\r\n", "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, c := range map[string]struct {
		sent string
		want []string // statuses, then the connection is closed
		open bool     // it is not
	}{
		"two requests":               {first + "Content-Length: 2\r\n\r\nhi" + hidden, []string{"200", "200"}, true},
		"length, then coding":        {first + "Content-Length: 5\r\n" + chunked + "\r\n0\r\n\r\n" + hidden, []string{"400"}, false},
		"coding, then length":        {first + chunked + "content-LENGTH: 5\r\n\r\n0\r\n\r\n" + hidden, []string{"400"}, false},
		"the same, of the second":    {"GET /b HTTP/1.1\r\nHost: x\r\n\r\n|" + first + chunked + "Content-Length: 5\r\n\r\n0\r\n\r\n" + hidden, []string{"200", "400"}, false},
		"coding alone":               {first + chunked + "\r\n2\r\nhi\r\n0\r\n\r\n" + hidden, []string{"200"}, false},
		"bare line feeds":            {"POST /a HTTP/1.1\nHost: x\nContent-Length: 3\nTransfer-Encoding: chunked\n\n0\r\n\r\n" + hidden, []string{"400"}, false},
		"a folded coding":            {first + "Content-Length: 3\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + hidden, []string{"400"}, false},
		"space before the colon":     {first + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + hidden, []string{"400"}, false},
		"two codings":                {first + chunked + chunked + "\r\n0\r\n\r\n" + hidden, []string{"501"}, false},
		"another coding":             {first + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + hidden, []string{"501"}, false},
		"a list of codings":          {first + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + hidden, []string{"501"}, false},
		"two lengths":                {first + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi" + hidden, []string{"400"}, false},
		"a signed length":            {first + "Content-Length: +2\r\n\r\nhi" + hidden, []string{"400"}, false},
		"a list of lengths":          {first + "Content-Length: 2, 2\r\n\r\nhi" + hidden, []string{"400"}, false},
		"two hosts":                  {"GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n" + hidden, []string{"400"}, false},
		"no host":                    {"GET /a HTTP/1.1\r\n\r\n" + hidden, []string{"400"}, false},
		"a header's line break":      {"GET /a HTTP/1.1\r\nHost: x\r\nX-A: b\rX-C: d\r\n\r\n" + hidden, []string{"400"}, false},
		"a null in a header":         {"GET /a HTTP/1.1\r\nHost: x\r\nX-A: b\x00c\r\n\r\n" + hidden, []string{"400"}, false},
		"HTTP/1.0, kept alive":       {"POST /a HTTP/1.0\r\nConnection: keep-alive\r\n" + chunked + "Content-Length: 2\r\n\r\nhi" + hidden, []string{"400"}, false},
		"HTTP/1.0, coding alone":     {"POST /a HTTP/1.0\r\nConnection: keep-alive\r\n" + chunked + "\r\n0\r\n\r\n" + hidden, []string{"200"}, false},
		"a bare line feed in chunks": {first + chunked + "\r\n2\nhi\r\n0\r\n\r\n" + hidden, []string{"400"}, false},
		"lines in a body":            {first + "Content-Length: 45\r\n\r\nTransfer-Encoding: chunked\nContent-Length: 5\n|" + hidden, []string{"200", "200"}, true},
	} {
		for door, dial := range map[string]func() (net.Conn, error){"plain": func() (net.Conn, error) { return net.Dial("tcp", p.plain) }, "TLS": func() (net.Conn, error) { return p.dial("http/1.1") }} {
			t.Run(name+", "+door, func(t *testing.T) {
				t.Parallel()
				conn, err := dial()
				must.Do(t, err)
				defer conn.Close()
				must.Do(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
				in, got := bufio.NewReader(conn), []string{}
				for _, part := range strings.Split(c.sent, "|") { // each after the answer to the one before
					_, err = io.WriteString(conn, part)
					must.Do(t, err)
					for len(got) < len(c.want) {
						answer, err := http.ReadResponse(in, nil)
						must.Do(t, err)
						text, _ := io.ReadAll(answer.Body)
						got = append(got, fmt.Sprint(answer.StatusCode))
						if strings.Contains(string(text), "hidden") && !c.open {
							t.Errorf("the hidden request was answered: %s", text)
						}
						if answer.StatusCode == 200 && strings.HasSuffix(string(text), "tls=true") != (door == "TLS") {
							t.Errorf("%s", text)
						}
						if strings.Contains(c.sent, "|") {
							break
						}
					}
				}
				if strings.Join(got, " ") != strings.Join(c.want, " ") {
					t.Errorf("answered %v, want %v", got, c.want)
				}
				if c.open {
					return
				}
				if rest, err := in.ReadByte(); err == nil {
					more, _ := io.ReadAll(in)
					t.Errorf("more is answered: %c%s", rest, more)
				}
			})
		}
	}
}
