//go:build linux

package tokens

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
)

const stranger = 23456 // a user that stands for nobody

// askSocket asks for a token at a socket.
func askSocket(socket, query string) (status int, body map[string]any, err error) {
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	resp, err := c.Get("http://localhost" + TokenPath + "?" + query)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, err
	}
	return resp.StatusCode, body, json.Unmarshal(text, &body)
}

// TestMain asks as another user where the test of that calls this program again.
func TestMain(m *testing.M) {
	if socket := os.Getenv("ASK_SOCKET"); socket != "" {
		status, body, err := askSocket(socket, "resource="+url.QueryEscape(resource))
		_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"status": status, "body": body, "error": err})
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// withSocket is a service where this test's user stands for a client, and a
// second one for another.
func withSocket(t *testing.T) (*house, string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "tokens") // the path of a socket must be short
	must.Do(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must.Do(t, os.Chmod(dir, 0o755))
	socket := filepath.Join(dir, "s")
	s := Settings{
		Clients: []ClientSettings{{ID: "web-id", Name: "web"}, {ID: "root-id", Name: "root"}},
		Hosts:   []HostSettings{{Socket: socket, UID: os.Getuid(), Client: "web"}, {Socket: socket, UID: stranger + 1, Client: "root-id"}},
	}
	h := open(t, s)
	end := run(t, h)
	t.Cleanup(func() {
		end()
		if _, err := os.Stat(socket); err == nil {
			t.Error("the socket is still there")
		}
	})
	return h, socket
}

// run runs a service, and returns when its sockets are there.
func run(t *testing.T, h *house) (end func()) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { h.Run(ctx); close(done) }()
	for _, d := range h.hostDoors() {
		for {
			if c, err := net.Dial("unix", d.path); err == nil {
				_ = c.Close()
				break
			}
			runtime.Gosched()
		}
	}
	return sync.OnceFunc(func() { stop(); <-done })
}

func TestHost(t *testing.T) {
	t.Parallel()
	h, socket := withSocket(t)
	status, body, err := askSocket(socket, "api-version=2019-08-01&resource="+url.QueryEscape(resource))
	must.Do(t, err)
	claims := h.token(answer{status: status, body: body})
	at := h.now.Unix()
	if claims["sub"] != "web-id" || claims["aud"] != resource || body["client_id"] != "web-id" || body["resource"] != resource || body["token_type"] != "Bearer" ||
		body["expires_on"] != strconv.FormatInt(at+3600, 10) || body["not_before"] != strconv.FormatInt(at, 10) || body["expires_in"] != "3600" {
		t.Errorf("%v of %v", body, claims)
	}
	if e := h.events[0]; e.Grant != HostGrant || e.Client != "web-id" || e.User != strconv.Itoa(os.Getuid()) || e.TokenID == "" {
		t.Errorf("told %+v", e)
	}
	for query, c := range map[string]struct {
		status int
		says   string
	}{
		"resource=" + url.QueryEscape(resource) + "&client_id=web":     {200, ""},
		"resource=" + url.QueryEscape(resource) + "&client_id=WEB-ID":  {200, ""},
		"resource=" + url.QueryEscape(resource) + "&client_id=root-id": {400, "No managed identity"},
		"resource=https%3A%2F%2Fmanagement.azure.com":                  {400, "AADSTS500011"},
		"": {400, "'resource' is missing"},
	} {
		status, body, err := askSocket(socket, query)
		must.Do(t, err)
		if said, _ := body["message"].(string); status != c.status || !strings.Contains(said, c.says) {
			t.Errorf("%s: %d %v", query, status, body)
		}
	}
}

// The kernel says who calls; what a process says of itself does not matter.
func TestHostOfAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can call as others do")
	}
	_, socket := withSocket(t)
	program := filepath.Join(filepath.Dir(socket), "ask")
	must.Do(t, copyFile(os.Args[0], program))
	for uid, want := range map[uint32]struct {
		status float64
		client any
	}{stranger: {403, nil}, stranger + 1: {200, "root-id"}} {
		c := exec.Command(program)
		c.Env = append(os.Environ(), "ASK_SOCKET="+socket)
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		text, err := c.Output()
		must.Do(t, err)
		var got struct {
			Status float64
			Body   map[string]any
		}
		must.Do(t, json.Unmarshal(text, &got))
		if got.Status != want.status || got.Body["client_id"] != want.client {
			t.Errorf("user %d: %s", uid, text)
		}
	}
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o755)
}

// A socket that a killed server left is replaced; anything else stays.
func TestSocketInTheWay(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "tokens")
	must.Do(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	opens := func() error {
		_, err := New(t.Context(), Settings{Issuer: issuer, Clients: []ClientSettings{{ID: "a"}}, Hosts: []HostSettings{{path, 1, "a"}}}, Means{Accounts: sqltest.Accounts(t)})
		return err
	}
	other := exec.Command("python3", "-c", "import socket,sys; s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); print('on',flush=True); sys.stdin.read()", path)
	in, err := other.StdinPipe()
	must.Do(t, err)
	out, err := other.StdoutPipe()
	must.Do(t, err)
	must.Do(t, other.Start())
	_, err = out.Read(make([]byte, 1))
	must.Do(t, err)
	if err := opens(); err == nil || !strings.Contains(err.Error(), "another process listens there") {
		t.Errorf("in use: %v", err)
	}
	must.Do(t, in.Close())
	must.Do(t, other.Wait())
	must.Do(t, opens()) // it lies there still
	must.Do(t, os.Remove(path))
	must.Do(t, os.WriteFile(path, []byte("x"), 0o600))
	if err := opens(); err == nil || !strings.Contains(err.Error(), "something else") {
		t.Errorf("a file: %v", err)
	}
	must.Do(t, os.Remove(path))
	must.Do(t, os.Chmod(dir, 0o555))
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
}

// A service takes the place of another at its socket, without a moment in which
// nobody answers.
func TestSocketTakenOver(t *testing.T) {
	t.Parallel()
	first, socket := withSocket(t)
	was, err := os.Lstat(socket)
	must.Do(t, err)
	second := open(t, first.settings)
	end := run(t, second)
	for {
		if now, err := os.Lstat(socket); err == nil && !os.SameFile(was, now) {
			break
		}
		runtime.Gosched()
	}
	status, body, err := askSocket(socket, "resource="+url.QueryEscape(resource))
	must.Do(t, err)
	second.token(answer{status: status, body: body})
	end()
	if _, err := os.Lstat(socket); !os.IsNotExist(err) {
		t.Errorf("left: %v", err)
	}
}
