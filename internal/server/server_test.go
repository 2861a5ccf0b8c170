package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/internal/api"
	"certwright/internal/clientenv"
	"certwright/internal/config"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// startIn starts a server on free ports in a folder.
func startIn(t *testing.T, data string, o Options) *Server {
	t.Helper()
	s, err := Start(t.Context(), config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: data}, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// run starts a server that is stopped at the end of the test.
func run(t *testing.T) *Server {
	t.Helper()
	s := startIn(t, filepath.Join(t.TempDir(), "data"), Options{})
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *Server) {
	t.Helper()
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}

// client returns a client that trusts what the server says to trust.
func client(t *testing.T, s *Server) *http.Client {
	t.Helper()
	text, err := os.ReadFile(s.Ready.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

type reply struct {
	status int
	proto  string
	header http.Header
	body   string
}

func ask(t *testing.T, c *http.Client, method, url, body string, header ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{answer.StatusCode, answer.Proto, answer.Header, string(text)}
}

const createSelf = `{"policy":{"issuer":{"name":"Self"},"x509_props":{"subject":"CN=x"},"key_props":{"kty":"EC","crv":"P-256"}}}`

func TestBothDoors(t *testing.T) {
	t.Parallel()
	s := run(t)
	c := client(t, s)
	first := ask(t, c, "POST", s.Ready.IPURL+"/certificates/a/create?api-version=7.4", "")
	port := s.Ready.IPURL[strings.LastIndex(s.Ready.IPURL, ":"):]
	want := `Bearer authorization="` + s.Ready.IPURL + `/adfs", resource="kv://0.0.1` + port + `"`
	if first.status != 401 || first.proto != "HTTP/2.0" || first.header.Get("WWW-Authenticate") != want {
		t.Errorf("the first request: %d %s %q, want %q", first.status, first.proto, first.header.Get("WWW-Authenticate"), want)
	}
	for _, door := range []string{s.Ready.IPURL, s.Ready.HTTPURL} {
		token := ask(t, c, "GET", door+"/msi/token?api-version=2019-08-01&resource=r", "", "X-IDENTITY-HEADER", "x")
		if token.status != 200 || !strings.Contains(token.body, `"access_token":"`) {
			t.Errorf("token at %s: %d %s", door, token.status, token.body)
		}
		if d := ask(t, c, "GET", door+"/adfs/.well-known/openid-configuration", ""); !strings.Contains(d.body, `"issuer":"`+door+`/adfs"`) {
			t.Errorf("discovery at %s: %s", door, d.body)
		}
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/ca.pem": 200, "/admin/clock": 200, "/certificates": 404} {
		if got := ask(t, c, "GET", s.Ready.HTTPURL+path, ""); got.status != want {
			t.Errorf("side door %s: %d", path, got.status)
		}
		if got := ask(t, c, "GET", s.Ready.IPURL+path, ""); got.status != 401 {
			t.Errorf("vault door %s: %d, want the challenge", path, got.status)
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

func TestIssuanceEndToEnd(t *testing.T) {
	t.Parallel()
	s := run(t)
	c := client(t, s)
	token := []string{"Authorization", "Bearer x"}
	created := ask(t, c, "POST", s.Ready.IPURL+"/certificates/web/create?api-version=7.4", createSelf, token...)
	if created.status != 202 || created.header.Get("Retry-After") != "1" {
		t.Fatalf("create: %d, Retry-After %q, %s", created.status, created.header.Get("Retry-After"), created.body)
	}
	if got := ask(t, c, "GET", s.Ready.IPURL+"/certificates/web/pending?api-version=7.4", "", token...); !strings.Contains(got.body, `"status":"completed"`) {
		t.Fatalf("pending: %s", got.body)
	}
	var box struct {
		Mails  []any
		Events []struct {
			EventType, Subject string
			Data               struct{ Id, VaultName, ObjectName, Version string }
		}
	}
	text := ask(t, c, "GET", s.Ready.HTTPURL+"/admin/outbox", "").body
	if err := json.Unmarshal([]byte(text), &box); err != nil || box.Mails == nil || len(box.Events) != 1 {
		t.Fatalf("outbox: %s (%v)", text, err)
	}
	e := box.Events[0]
	if e.EventType != "Microsoft.KeyVault.CertificateNewVersionCreated" || e.Subject != "web" ||
		e.Data.Id != s.Ready.VaultURL+"/certificates/web/"+e.Data.Version || e.Data.VaultName != "default" || e.Data.ObjectName != "web" {
		t.Errorf("event: %+v", e)
	}
}

func TestClockOverHTTPSurvivesARestart(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := startIn(t, data, Options{})
	got := ask(t, client(t, s), "POST", s.Ready.HTTPURL+"/admin/clock", `{"advance":"60d"}`)
	var clock struct {
		Now    time.Time
		Offset string
	}
	if err := json.Unmarshal([]byte(got.body), &clock); err != nil || clock.Offset != "1440h0m0s" {
		t.Fatalf("%d %s (%v)", got.status, got.body, err)
	}
	stop(t, s)
	s = startIn(t, data, Options{})
	defer stop(t, s)
	now, offset := s.Now()
	if offset != 60*24*time.Hour || now.Before(clock.Now) {
		t.Errorf("after the restart: %v, offset %v", now, offset)
	}
	if err := s.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, offset := s.Now(); offset != 0 {
		t.Errorf("after a reset: offset %v", offset)
	}
}

func TestSecondStartKeepsEverything(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "new", "data")
	s := startIn(t, data, Options{})
	token := []string{"Authorization", "Bearer x"}
	ask(t, client(t, s), "POST", s.Ready.IPURL+"/certificates/web/create?api-version=7.4", createSelf, token...)
	before := ask(t, client(t, s), "GET", s.Ready.IPURL+"/certificates/web/?api-version=7.4", "", token...)
	stop(t, s)
	files := keptFiles(t, data)
	s = startIn(t, data, Options{})
	defer stop(t, s)
	if diff := cmp.Diff(files, keptFiles(t, data)); diff != "" {
		t.Errorf("files changed (-before +after):\n%s", diff)
	}
	after := ask(t, client(t, s), "GET", s.Ready.IPURL+"/certificates/web/?api-version=7.4", "", token...)
	port := regexp.MustCompile(`127\.0\.0\.1:\d+`)
	if a, b := port.ReplaceAllString(before.body, ""), port.ReplaceAllString(after.body, ""); after.status != 200 || a != b {
		t.Errorf("certificate before\n%s\nafter\n%s", a, b)
	}
}

// keptFiles reads what a restart must not change.
func keptFiles(t *testing.T, data string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, name := range []string{"ca.pem", "ca-key.pem", "ca-bundle.pem", "truststore.p12", issuingCAFile, keysetFile} {
		b, err := os.ReadFile(filepath.Join(data, name))
		if err != nil {
			t.Fatal(err)
		}
		found[name] = string(b)
	}
	return found
}

func TestFilesArePrivate(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	s := startIn(t, data, Options{})
	defer stop(t, s)
	for name, want := range map[string]fs.FileMode{
		".": 0o700, "ca-key.pem": 0o600, keysetFile: 0o600, databaseFile: 0o600, lockFile: 0o600, clientenv.RunFile: 0o600,
		"ca.pem": 0o644, "ca-bundle.pem": 0o644, "truststore.p12": 0o644, issuingCAFile: 0o644,
	} {
		info, err := os.Stat(filepath.Join(data, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, mode %v, want %v", name, err, info.Mode().Perm(), want)
		}
	}
}

func TestSecondServerIsRefused(t *testing.T) {
	t.Parallel()
	s := run(t)
	_, err := Start(t.Context(), config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: s.Ready.Data}, Options{})
	want := fmt.Sprintf("the data folder %s is in use by process %d\nhint: ", s.Ready.Data, os.Getpid())
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Fatalf("got %v, want %s", err, want)
	}
	if r, err := clientenv.ReadRun(s.Ready.Data); err != nil || r != s.Ready {
		t.Errorf("the refused server changed run.json: %+v, %v", r, err)
	}
	if got := ask(t, client(t, s), "GET", s.Ready.HTTPURL+"/readyz", ""); got.status != 200 {
		t.Errorf("the first server: %d", got.status)
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
		if _, err := Start(t.Context(), c, Options{}); err == nil || !strings.Contains(err.Error(), "\nhint: choose another address with --") {
			t.Errorf("got %v", err)
		}
		stop(t, startIn(t, c.Data, Options{})) // the folder was given back
	}
}

func TestRunFile(t *testing.T) {
	t.Parallel()
	s := startIn(t, t.TempDir(), Options{})
	r, err := clientenv.ReadRun(s.Ready.Data)
	if err != nil || r != s.Ready {
		t.Fatalf("%+v, %v, want %+v", r, err, s.Ready)
	}
	want := clientenv.Ready{
		VaultURL: r.VaultURLOf("default"), IPURL: r.IPURL, HTTPURL: r.HTTPURL,
		CAFile: filepath.Join(r.Data, "ca.pem"), Data: r.Data, PID: os.Getpid(),
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	text, _ := os.ReadFile(filepath.Join(r.Data, clientenv.RunFile))
	for _, member := range []string{"vault_url", "ip_url", "http_url", "ca_file", "data", "pid"} {
		if !strings.Contains(string(text), `"`+member+`":`) {
			t.Errorf("%s is missing in %s", member, text)
		}
	}
	stop(t, s)
	if _, err := clientenv.ReadRun(r.Data); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the end: %v", err)
	}
	if err := os.WriteFile(filepath.Join(r.Data, clientenv.RunFile), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := clientenv.ReadRun(r.Data); err == nil {
		t.Error("an empty run.json is taken")
	}
}

func TestEphemeralLeavesNothing(t *testing.T) {
	t.Parallel()
	s, err := Start(t.Context(), config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Ephemeral: true, Data: "/nowhere/at/all"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(s.Ready.Data); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, mode %v", err, info.Mode())
	}
	stop(t, s)
	if _, err := os.Stat(s.Ready.Data); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is left: %v", err)
	}
}

// A request under way when the server is told to stop gets its answer, and
// meanwhile the server says that it is not ready.
func TestStopLetsRequestsEnd(t *testing.T) {
	t.Parallel()
	s := startIn(t, t.TempDir(), Options{})
	conn, err := tls.Dial("tcp", strings.TrimPrefix(s.Ready.IPURL, "https://"), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
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
	if got := ask(t, c, "GET", s.Ready.HTTPURL+"/healthz", "", "X-Big", strings.Repeat("a", 2*maxHeaderBytes)); got.status != 431 {
		t.Errorf("big header: %d", got.status)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.Ready.IPURL, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	text, err := io.ReadAll(conn)
	if err != nil || !bytes.Contains(text, []byte(" 400 ")) {
		t.Errorf("plain http at the https listener: %q, %v", text, err)
	}
}

// A name that somebody else may own gets no handshake, and the log says what to do.
func TestForeignNamesFailAtTheDoor(t *testing.T) {
	t.Parallel()
	lines, log := newLines()
	s, err := Start(t.Context(), config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: t.TempDir(), Hosts: []string{"*.box.org"}}, Options{Log: log})
	if err != nil {
		t.Fatal(err)
	}
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

func TestFailedDoor(t *testing.T) {
	t.Parallel()
	s := startIn(t, t.TempDir(), Options{})
	s.listeners.http.Close()
	<-s.Failed()
	if err := s.Stop(); err == nil {
		t.Error("Stop does not say that a door failed")
	}
}

func TestStartRefusesAWrongConfiguration(t *testing.T) {
	t.Parallel()
	if _, err := Start(t.Context(), config.Config{Listen: "x"}, Options{}); err == nil {
		t.Error("no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := Start(ctx, config.Config{Ephemeral: true, Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0"}, Options{}); err == nil {
		stop(t, s)
		t.Error("started for a caller that went away")
	}
}

func TestKeysetOfAnotherServer(t *testing.T) {
	t.Parallel()
	one, two := t.TempDir(), t.TempDir()
	stop(t, startIn(t, one, Options{}))
	stop(t, startIn(t, two, Options{}))
	foreign, err := os.ReadFile(filepath.Join(two, keysetFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(one, keysetFile), foreign, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: one}, Options{}); err == nil || !strings.Contains(err.Error(), "\nhint: ") {
		t.Errorf("got %v", err)
	}
}

// The line is for people; nothing of the query, the body or the token is in it.
func TestRequestLines(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var lines bytes.Buffer
	print := RequestLines(&lines)
	s := startIn(t, t.TempDir(), Options{Observe: func(o api.Observation) {
		mu.Lock()
		defer mu.Unlock()
		print(o)
	}})
	c := client(t, s)
	ask(t, c, "GET", s.Ready.IPURL+"/certificates/web/?api-version=7.4&secret=query", `body-secret`, "Authorization", "Bearer token-secret")
	ask(t, c, "PATCH", s.Ready.IPURL+"/no%0Awhere", "")
	stop(t, s)
	id := `[0-9a-f-]{36}`
	want := regexp.MustCompile(`^\d\d:\d\d:\d\d default GetCertificate /certificates/web/ 404 \d+\.\dms ` + id + `
\d\d:\d\d:\d\d default PATCH /no\\nwhere 401 \d+\.\dms ` + id + "\n$")
	if !want.MatchString(lines.String()) {
		t.Errorf("got\n%s", lines.String())
	}
}

func TestExposed(t *testing.T) {
	t.Parallel()
	if got := run(t).Exposed(); got != nil {
		t.Errorf("loopback doors are exposed: %v", got)
	}
	s, err := Start(t.Context(), config.Config{Listen: "127.0.0.1:0", HTTP: "0.0.0.0:0", Ephemeral: true}, Options{})
	if err != nil {
		t.Fatal(err)
	}
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
