package server

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"certwright/internal/config"
	"certwright/internal/must"
)

func TestBothListeners(t *testing.T) {
	t.Parallel()
	s := run(t)
	c := client(t, s)
	first := ask(t, c, "POST", s.Ready.IPURL+"/certificates/a/create?api-version=7.4", "")
	port := s.Ready.IPURL[strings.LastIndex(s.Ready.IPURL, ":"):]
	want := `Bearer authorization="` + s.Ready.IPURL + `/adfs", resource="kv://0.0.1` + port + `"`
	if first.status != 401 || first.proto != "HTTP/2.0" || first.header.Get("WWW-Authenticate") != want {
		t.Errorf("the first request: %d %s %q, want %q", first.status, first.proto, first.header.Get("WWW-Authenticate"), want)
	}
	for _, listener := range []string{s.Ready.IPURL, s.Ready.HTTPURL} {
		token := ask(t, c, "GET", listener+"/msi/token?api-version=2019-08-01&resource=r", "", "X-IDENTITY-HEADER", "x")
		if token.status != 200 || !strings.Contains(token.body, `"access_token":"`) {
			t.Errorf("token at %s: %d %s", listener, token.status, token.body)
		}
		if d := ask(t, c, "GET", listener+"/adfs/.well-known/openid-configuration", ""); !strings.Contains(d.body, `"issuer":"`+listener+`/adfs"`) {
			t.Errorf("discovery at %s: %s", listener, d.body)
		}
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/ca.pem": 200, "/admin/clock": 200, "/certificates": 404} {
		if got := ask(t, c, "GET", s.Ready.HTTPURL+path, ""); got.status != want {
			t.Errorf("side door %s: %d", path, got.status)
		}
		if got := ask(t, c, "GET", s.Ready.IPURL+path, ""); got.status != 401 {
			t.Errorf("vaults at %s: %d, want the challenge", path, got.status)
		}
	}
	file, _ := os.ReadFile(s.Ready.CAFile)
	if got := ask(t, c, "GET", s.Ready.HTTPURL+"/ca.pem", ""); got.body != string(file) {
		t.Error("/ca.pem is not the file")
	}
}

func TestSideDoorIsGuarded(t *testing.T) {
	t.Parallel()
	s := run(t)
	c := client(t, s)
	for name, header := range map[string][]string{
		"foreign host":   {"Host", "evil.example"},
		"foreign origin": {"Origin", "https://evil.example"},
		"cross-site":     {"Sec-Fetch-Site", "cross-site"},
	} {
		if got := ask(t, c, "POST", s.Ready.HTTPURL+"/admin/reset", "", header...); got.status != 403 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if got := ask(t, c, "POST", s.Ready.HTTPURL+"/admin/reset", ""); got.status != 204 || got.body != "" {
		t.Errorf("reset: %d %s", got.status, got.body)
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	s := run(t)
	for _, c := range []config.Config{
		{Listen: strings.TrimPrefix(s.Ready.IPURL, "https://"), HTTP: "127.0.0.1:0"},
		{Listen: "127.0.0.1:0", HTTP: strings.TrimPrefix(s.Ready.HTTPURL, "http://")},
	} {
		c.Data = t.TempDir()
		if _, err := Start(t.Context(), c, Options{}); err == nil || !strings.Contains(err.Error(), "\nhint: another program listens there; ") {
			t.Errorf("got %v", err)
		}
		stop(t, startIn(t, c.Data, Options{})) // the folder was given back
	}
}

// A request under way when the server is told to stop gets its answer, and
// meanwhile the server says that it is not ready.
func TestStopLetsRequestsEnd(t *testing.T) {
	t.Parallel()
	s := startIn(t, t.TempDir(), Options{})
	conn, err := tls.Dial("tcp", strings.TrimPrefix(s.Ready.IPURL, "https://"), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	must.Do(t, err)
	defer conn.Close()
	half := len(createSelf) / 2
	fmt.Fprintf(conn, "POST /certificates/web/create?api-version=7.4 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(createSelf))
	continued := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
	if _, err := io.ReadFull(conn, continued); err != nil { // the handler reads the body now
		t.Fatal(err)
	}
	fmt.Fprint(conn, createSelf[:half])
	ended := make(chan error)
	go func() { ended <- s.Stop() }()
	for !s.closing.Load() {
		select {
		case err := <-ended:
			t.Fatalf("Stop did not wait for the request: %v", err)
		default:
		}
	}
	if err := s.ready(t.Context()); err == nil {
		t.Error("ready although it is closing")
	}
	fmt.Fprint(conn, createSelf[half:])
	text, err := io.ReadAll(conn)
	if err != nil || !bytes.HasPrefix(text, []byte("HTTP/1.1 202 ")) {
		t.Errorf("%v\n%s", err, text)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	s := run(t)
	c := client(t, s)
	if got := ask(t, c, "GET", s.Ready.HTTPURL+"/healthz", "", "X-Big", strings.Repeat("a", 128<<10)); got.status != 431 {
		t.Errorf("big header: %d", got.status)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.Ready.IPURL, "https://"))
	must.Do(t, err)
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	text, err := io.ReadAll(conn)
	if err != nil || !bytes.Contains(text, []byte(" 400 ")) {
		t.Errorf("plain http at the https listener: %q, %v", text, err)
	}
}

// A name that somebody else may own gets no handshake, and the log says what to do.
func TestForeignNamesFailAtOnce(t *testing.T) {
	t.Parallel()
	lines, log := newLines()
	s, err := Start(t.Context(), config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: t.TempDir(), Hosts: []string{"*.box.org"}}, Options{Log: log})
	must.Do(t, err)
	defer stop(t, s)
	c := client(t, s)
	roots := c.Transport.(*http.Transport).TLSClientConfig.RootCAs
	for name, want := range map[string]bool{"web.vault.localhost": true, "web.box.org": true, "default.attacker.com": false} {
		conn, err := tls.Dial("tcp", strings.TrimPrefix(s.Ready.IPURL, "https://"), &tls.Config{RootCAs: roots, ServerName: name})
		if (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			_ = conn.Close()
		}
	}
	for line := range lines {
		if strings.Contains(line, "default.attacker.com") && strings.Contains(line, "hosts in the configuration") {
			return
		}
	}
}

// newLines returns a log whose lines can be waited for.
func newLines() (chan string, *slog.Logger) {
	lines := make(chan string, 100)
	return lines, slog.New(slog.NewTextHandler(lineWriter(lines), nil))
}

type lineWriter chan<- string

func (w lineWriter) Write(b []byte) (int, error) {
	w <- string(b)
	return len(b), nil
}

func TestFailedListener(t *testing.T) {
	t.Parallel()
	s := startIn(t, t.TempDir(), Options{})
	s.listeners.http.Close()
	<-s.Failed()
	if err := s.Stop(); err == nil {
		t.Error("Stop does not say that a listener failed")
	}
}

func TestExposed(t *testing.T) {
	t.Parallel()
	if got := run(t).Exposed(); got != nil {
		t.Errorf("loopback doors are exposed: %v", got)
	}
	s, err := Start(t.Context(), config.Config{Listen: "127.0.0.1:0", HTTP: "0.0.0.0:0", Ephemeral: true}, Options{})
	must.Do(t, err)
	defer stop(t, s)
	if got := s.Exposed(); len(got) != 1 || !strings.HasSuffix(s.Ready.HTTPURL, got[0][strings.LastIndex(got[0], ":"):]) {
		t.Errorf("exposed: %v", got)
	}
	if got := ask(t, client(t, s), "GET", s.Ready.HTTPURL+"/admin/clock", ""); got.status != 200 {
		t.Errorf("the side door on every address: %d", got.status)
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0.0.0.0:1": "127.0.0.1:1", "[::]:1": "127.0.0.1:1", "127.0.0.1:1": "127.0.0.1:1", "10.0.0.5:1": "10.0.0.5:1",
		"[::1]:1": "[::1]:1", "[::ffff:10.0.0.5]:1": "10.0.0.5:1",
	} {
		host, port, _ := net.SplitHostPort(in)
		n, _ := strconv.Atoi(port)
		if got := reachable(&net.TCPAddr{IP: net.ParseIP(host), Port: n}); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// What to do about an address depends on why it cannot be had.
func TestListenHint(t *testing.T) {
	t.Parallel()
	for why, want := range map[error]string{
		syscall.EACCES:        "ports below 1024 are for root: choose another with --listen",
		syscall.EADDRINUSE:    "another program listens there; if that is certwright, certwright env speaks to it",
		syscall.EADDRNOTAVAIL: "this machine has no such address",
		syscall.EPROTO:        "choose another address with --listen, or port 0 for a free one",
	} {
		if got := listenHint("listen", &net.OpError{Op: "listen", Err: os.NewSyscallError("bind", why)}); !strings.HasPrefix(got, want) {
			t.Errorf("%v: %s", why, got)
		}
	}
}
