package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"certwright/internal/api"
	"certwright/internal/clientenv"
	"certwright/internal/config"
	"certwright/internal/logs"
	"certwright/internal/must"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// startIn starts a server on free ports in a folder.
func startIn(t *testing.T, data string, o Options) *Server {
	t.Helper()
	s, err := Start(t.Context(), config.Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: data}, o)
	must.Do(t, err)
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
	must.Do(t, err)
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
	must.Do(t, err)
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
	must.Do(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must.Do(t, err)
	return reply{answer.StatusCode, answer.Proto, answer.Header, string(text)}
}

const createSelf = `{"policy":{"issuer":{"name":"Self"},"x509_props":{"subject":"CN=x"},"key_props":{"kty":"EC","crv":"P-256"}}}`

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
	must.Do(t, s.Reset(t.Context()))
	if _, offset := s.Now(); offset != 0 {
		t.Errorf("after a reset: offset %v", offset)
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
	must.Do(t, os.WriteFile(filepath.Join(r.Data, clientenv.RunFile), []byte("{}"), 0o600))
	if _, err := clientenv.ReadRun(r.Data); err == nil {
		t.Error("an empty run.json is taken")
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

// The line is for people; nothing of the query, the body or the token is in it.
func TestRequestLines(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var lines bytes.Buffer
	print := logs.Requests(&lines)
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
