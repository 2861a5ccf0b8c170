package serve

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/conformance/process"
	"certwright/internal/must"
)

// A Server is a running certwright serve.
type Server struct {
	Port string // of the https listener, on 127.0.0.1
	Side string // URL of the side door
	HTTP *http.Client

	cmd  *exec.Cmd
	said *process.Transcript
	once sync.Once
}

// Start writes the configuration, starts the server and waits until it is ready.
// What still runs at the test's end is killed.
func (h *House) Start(t testing.TB) *Server {
	t.Helper()
	s, err := h.start(t)
	must.Do(t, err)
	return s
}

// Refused starts a server that must not start, and returns what it says.
func (h *House) Refused(t testing.TB) string {
	t.Helper()
	s, err := h.start(t)
	if err == nil {
		t.Fatalf("it starts:\n%s", s.Said())
	}
	refused, ok := err.(*process.StartError)
	if !ok {
		t.Fatal(err)
	}
	return refused.Said
}

func (h *House) start(t testing.TB) (*Server, error) {
	t.Helper()
	s := &Server{said: &process.Transcript{}, cmd: exec.Command(h.Program, append([]string{"serve", "--json", "--config", h.Config(t)}, h.Args...)...)}
	s.cmd.Stderr, s.cmd.Env, s.cmd.WaitDelay = s.said, append(os.Environ(), h.Env...), time.Second
	out, err := s.cmd.StdoutPipe()
	must.Do(t, err)
	must.Do(t, s.cmd.Start())
	t.Cleanup(s.Kill)
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = s.meet(line, h.CA)
	}
	if err != nil {
		s.Kill()
		return nil, &process.StartError{Cause: err, Said: s.Said()}
	}
	return s, nil
}

// meet reads the ready line and makes a client that finds every vault here.
func (s *Server) meet(line []byte, ca string) error {
	var ready struct {
		URL  string `json:"ip_url"`
		Side string `json:"http_url"`
		CA   string `json:"ca_file"`
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		return err
	}
	at, err := url.Parse(ready.URL)
	if err != nil {
		return err
	}
	if ready.CA != "" {
		ca = ready.CA
	}
	text, err := os.ReadFile(ca)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		if strings.HasSuffix(addr, ".localhost:"+at.Port()) {
			addr = at.Host
		}
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	s.Port, s.Side = at.Port(), ready.Side
	s.HTTP = &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DialContext: dial, MaxIdleConnsPerHost: 16}}
	return nil
}

// Vault is the URL of a vault.
func (s *Server) Vault(name string) string {
	return "https://" + name + ".vault.localhost:" + s.Port
}

// A Reply is an answer.
type Reply struct {
	Status int
	Header http.Header
	Body   string
}

// Text is a member of its JSON at a path of names; "" where there is none.
func (r Reply) Text(path ...string) string {
	var v any
	_ = json.Unmarshal([]byte(r.Body), &v) // what is no JSON has no members
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	text, _ := v.(string)
	return text
}

// Ask sends one request with a token, if it is not "", and returns the answer.
// The path may have a query; the api-version is added.
func (s *Server) Ask(t testing.TB, method, at, token, body string) Reply {
	t.Helper()
	if u, err := url.Parse(at); err == nil && !u.Query().Has("api-version") && u.Scheme == "https" {
		q := u.Query()
		q.Set("api-version", "7.4")
		u.RawQuery = q.Encode()
		at = u.String()
	}
	r, err := http.NewRequestWithContext(t.Context(), method, at, bytes.NewBufferString(body))
	must.Do(t, err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := s.HTTP.Do(r)
	must.Do(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must.Do(t, err)
	return Reply{answer.StatusCode, answer.Header, string(text)}
}

// Eventually asks again until ok, for up to twenty seconds.
func (s *Server) Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		if ok() {
			return
		}
		select {
		case <-t.Context().Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatalf("it does not come about that %s; the server says:\n%s", what, s.Said())
}

// Signal sends a signal.
func (s *Server) Signal(t testing.TB, sig os.Signal) {
	t.Helper()
	must.Do(t, s.cmd.Process.Signal(sig))
}

// Said is what the server said on stderr so far.
func (s *Server) Said() string { return s.said.String() }

// PID is the number of the process.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Stop ends it as systemd does, and returns how it ended.
func (s *Server) Stop() error {
	_ = s.cmd.Process.Signal(stopSignal) // it may have ended by itself, which Wait tells
	return s.Wait()
}

// Wait waits for its end and returns how it was.
func (s *Server) Wait() (err error) {
	s.once.Do(func() {
		err = s.cmd.Wait()
		s.HTTP.CloseIdleConnections()
	})
	return err
}

// Trust has its client trust this certificate (DER) and no other.
func (s *Server) Trust(der []byte) error {
	one, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AddCert(one)
	had := s.HTTP.Transport.(*http.Transport)
	had.CloseIdleConnections()
	s.HTTP.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DialContext: had.DialContext}
	return nil
}

// Kill ends it as a power cut would.
func (s *Server) Kill() {
	s.once.Do(func() {
		_ = s.cmd.Process.Kill() // it may have ended by itself
		_ = s.cmd.Wait()
		if s.HTTP != nil {
			s.HTTP.CloseIdleConnections()
		}
	})
}
