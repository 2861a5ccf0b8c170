package audit_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"certwright/internal/audit"
	"certwright/internal/must"
	"certwright/internal/trust"
	"certwright/internal/vault"
)

// A collector takes syslog messages by octet counting, one connection at a time.
type collector struct {
	net.Listener
	messages chan string
}

func newCollector(t *testing.T, config *tls.Config) *collector {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must.Do(t, err)
	if config != nil {
		l = tls.NewListener(l, config)
	}
	c := &collector{l, make(chan string, 1000)}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go c.take(conn)
		}
	}()
	return c
}

func (c *collector) take(conn net.Conn) {
	defer conn.Close()
	for in := bufio.NewReader(conn); ; {
		length, err := in.ReadString(' ')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimSpace(length))
		if err != nil {
			c.messages <- "not a length: " + length
			return
		}
		text := make([]byte, n)
		if _, err := io.ReadFull(in, text); err != nil {
			return
		}
		c.messages <- string(text)
	}
}

var rfc5424 = regexp.MustCompile(`^<110>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \S+ certwright \d+ audit - (\{.*\})$`)

// The lines are messages of RFC 5424, each whole, over TLS too.
func TestSyslog(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	authority, err := trust.Open(folder)
	must.Do(t, err)
	for name, config := range map[string]*tls.Config{"tcp": nil, "tls": {GetCertificate: authority.GetCertificate}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCollector(t, config)
			to := &audit.SyslogSettings{Address: strings.Replace(c.Addr().String(), "127.0.0.1", "localhost", 1), TLS: config != nil}
			if to.TLS {
				to.CABundle = authority.Path(trust.CAFile)
			}
			s := newStand(t, audit.Settings{Syslog: to, Required: "all"})
			for i := range 20 {
				must.Do(t, s.Event(audit.Entry{Operation: "X", Correlation: fmt.Sprint(i), Agent: "ünï\n"}))
			}
			text, err := os.ReadFile(s.path)
			must.Do(t, err)
			for line := range bytes.Lines(text) {
				got := rfc5424.FindStringSubmatch(<-c.messages)
				if got == nil || got[1] != strings.TrimSuffix(string(line), "\n") {
					t.Fatalf("got %q, the file has %s", got, line)
				}
			}
		})
	}
}

// With required: all a collector that is gone keeps writes from being done; with
// any the file is enough, and the collector gets what it missed.
func TestRequired(t *testing.T) {
	t.Parallel()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	must.Do(t, err)
	address := gone.Addr().String()
	must.Do(t, gone.Close())
	to := &audit.SyslogSettings{Address: address}
	every := newStand(t, audit.Settings{Syslog: to, Required: "all"})
	if err := every.ask(t.Context(), every.request(t, "SetSecret")); reasonOf(err) != vault.Unavailable {
		t.Errorf("required: all: %v", err)
	}
	one := newStand(t, audit.Settings{Syslog: to, Required: "any"})
	must.Do(t, one.ask(t.Context(), one.request(t, "SetSecret")))
	if one.Trouble() != nil {
		t.Error("required: any: trouble:", one.Trouble())
	}
}

// A receiver takes what is posted, unless it refuses.
type receiver struct {
	*httptest.Server
	refuses atomic.Int32 // so many more
	taken   chan []byte
	signed  atomic.Bool
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{taken: make(chan []byte, 1000)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil || r.refuses.Add(-1) >= 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		r.signed.Store(strings.HasPrefix(q.Header.Get("X-Certwright-Signature"), "sha256=") && q.Header.Get("Content-Type") == "application/x-ndjson; charset=utf-8")
		r.taken <- body
	}))
	t.Cleanup(r.Close)
	return r
}

// numbers reads the numbers of lines up to one, and the lines.
func (r *receiver) numbers(t *testing.T, last int64) (numbers []int64, text []byte) {
	t.Helper()
	for len(numbers) == 0 || numbers[len(numbers)-1] < last {
		body := <-r.taken
		text = append(text, body...)
		for text := range bytes.Lines(body) {
			var l entry
			must.Do(t, json.Unmarshal(text, &l))
			numbers = append(numbers, l.Certwright.Seq)
		}
	}
	return numbers, text
}

// The webhook gets every line of the file, in order, also of files that are full
// and after a new start, and again what it refused.
func TestWebhook(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	r.refuses.Store(1)
	secret := filepath.Join(t.TempDir(), "secret")
	must.Do(t, os.WriteFile(secret, []byte("0123456789abcdef0123456789abcdef"), 0o600))
	s := newStand(t, audit.Settings{File: audit.FileSettings{MaxSize: 1}, Webhook: &audit.WebhookSettings{URL: r.URL, SecretFile: secret}})
	for range 12 {
		s.note(250)
		must.Do(t, s.Event(audit.Entry{Operation: "X"}))
	}
	var want []int64
	last := func() int64 {
		lines := s.lines(t)
		return lines[len(lines)-1].Certwright.Seq
	}
	end := last()
	for i := range end + 1 {
		want = append(want, i)
	}
	got, text := r.numbers(t, end)
	if !slices.Equal(got, want) || len(s.files(t)) < 2 {
		t.Errorf("%d numbers, want %d, of %d files", len(got), len(want), len(s.files(t)))
	}
	if !r.signed.Load() {
		t.Error("it is not signed")
	}
	var all []byte
	for _, path := range s.files(t) {
		more, err := os.ReadFile(path)
		must.Do(t, err)
		all = append(all, more...)
	}
	if !bytes.HasPrefix(all, text) {
		t.Error("other bytes than those of the files were sent")
	}
	must.Do(t, s.Close())
	s.start(t)
	must.Do(t, s.Event(audit.Entry{Operation: "After"}))
	end = last()
	if got, _ = r.numbers(t, end); got[0] > want[len(want)-1]+1 || got[len(got)-1] != end {
		t.Errorf("after a new start: %v", got)
	}
	if errors.Is(s.Close(), os.ErrClosed) {
		t.Error("closed twice")
	}
}
