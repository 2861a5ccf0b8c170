package mail

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/http/httptest"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"certwright/internal/clock"
	"certwright/internal/engine"
	"certwright/internal/must"
	"certwright/internal/notify"
	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
	"certwright/internal/worker"
)

const password = "hunter2"

// A server is a running mail server of the pinned module.
type server struct {
	host, bundle string
	lines        *bufio.Scanner
}

// A taken mail is what the server prints.
type taken struct {
	User, Hello, From, Text string
	To                      []string
	TLS                     bool
}

// build builds the server. Where it cannot be had the test fails in CI and is
// skipped elsewhere, with the reason.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mailserver")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", path, ".")
	cmd.Dir = "program"
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-buildvcs=false", "CGO_ENABLED=0")
	said, err := cmd.CombinedOutput()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("SKIPPED: there is no mail server to test with, as it cannot be built: %v\n%s", err, said)
	}
	if err != nil {
		t.Fatalf("build the mail server: %v\n%s", err, said)
	}
	return path
}

func start(t *testing.T, program string, args ...string) *server {
	t.Helper()
	s := httptest.NewTLSServer(nil) // for its certificate, good for 127.0.0.1
	defer s.Close()
	key, err := x509.MarshalPKCS8PrivateKey(s.TLS.Certificates[0].PrivateKey)
	must.Do(t, err)
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	out := &server{bundle: write(t, cert)}
	both := write(t, append(cert, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...))
	cmd := exec.Command(program, append([]string{"-cert", both, "-password", password}, args...)...)
	cmd.Stderr = os.Stderr
	lines, err := cmd.StdoutPipe()
	must.Do(t, err)
	must.Do(t, cmd.Start())
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	out.lines = bufio.NewScanner(lines)
	out.lines.Buffer(nil, 1<<20)
	if !out.lines.Scan() {
		t.Fatal("the mail server said nothing")
	}
	out.host = out.lines.Text()
	return out
}

func (s *server) next(t *testing.T) (m taken) {
	t.Helper()
	if !s.lines.Scan() {
		t.Fatal("the mail server took no more mails")
	}
	must.Do(t, json.Unmarshal(s.lines.Bytes(), &m))
	return m
}

// A mail goes from the outbox to a real server, STARTTLS and TLS, signed in; a
// receiver that the server does not know is a dead letter.
func TestMail(t *testing.T) {
	t.Parallel()
	program := build(t)
	for _, way := range []string{"starttls", "tls"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			s := start(t, program, fmt.Sprintf("-tls=%v", way == "tls"))
			sinks, err := notify.Settings{SMTP: &notify.MailSettings{Host: s.host, From: "Köln <certs@example.org>", User: "robot",
				PasswordFile: write(t, []byte(password)), TLS: way, CABundle: s.bundle}}.Open(notify.Means{})
			must.Do(t, err)
			store, err := sqlstore.Open(t.Context(), filepath.Join(t.TempDir(), "certwright.db"))
			must.Do(t, err)
			t.Cleanup(func() { must.Do(t, store.Close()) })
			c, err := notify.New(notify.Delivery{Store: store, Clock: clock.Real{}, Sinks: sinks, Log: slog.New(slog.DiscardHandler)})
			must.Do(t, err)
			text := "Zertifikat läuft ab.\n.\n..\nFrom me\n" + strings.Repeat("long ", 400)
			body, err := json.Marshal(vault.Mail{To: []string{"a@example.org", "ghost@nowhere.test", "b@example.org"}, Subject: "läuft ab: " + strings.Repeat("日", 60), Text: text, HTML: "<p>ü</p>"})
			must.Do(t, err)
			now := time.Now()
			must.Do(t, store.Update(t.Context(), func(tx vault.Tx) error {
				m := vault.Message{ID: vault.NewID(), Sink: notify.MailSink, Topic: vault.TopicMail, At: now, Due: now, Body: body}
				return errors.Join(tx.Append(m), engine.SetJob(tx, vault.JobDeliver, vault.SinkRef(notify.MailSink), now))
			}))
			w := worker.New(worker.Worker{Store: store, Clock: clock.Real{}, Slots: 1, Lease: time.Minute, Log: c.Log,
				Handlers: map[vault.JobKind]worker.Handler{vault.JobDeliver: c.Deliver}})
			_, err = w.RunDue(t.Context())
			must.Do(t, err)
			for _, to := range []string{"a@example.org", "b@example.org"} {
				got := s.next(t)
				if got.User != "robot" || got.Hello != "example.org" || got.From != "certs@example.org" || len(got.To) != 1 || got.To[0] != to || !got.TLS {
					t.Errorf("envelope %+v", got)
				}
				check(t, got.Text, "läuft ab: "+strings.Repeat("日", 60), text)
			}
			dead, err := c.Dead(t.Context(), 0, 9)
			if err != nil || len(dead) != 1 || !strings.HasSuffix(dead[0].Error, "refused the receiver: 550 5.1.1 no such user") {
				t.Errorf("dead letters: %+v %v", dead, err)
			}
		})
	}
}

// check reads a mail as a program for mail does.
func check(t *testing.T, letter, subject, text string) {
	t.Helper()
	m, got, plain := read(t, letter)
	if got != subject {
		t.Errorf("subject %q", got)
	}
	if from, err := m.Header.AddressList("From"); err != nil || from[0].Name != "Köln" {
		t.Errorf("from %v (%v)", from, err)
	}
	if want := strings.ReplaceAll(text, "\n", "\r\n"); plain != want {
		t.Errorf("text %q, want %q", plain, want)
	}
}

// read takes a mail apart: its header, its subject and its plain text as sent.
func read(t *testing.T, letter string) (m *mail.Message, subject, plain string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(letter))
	must.Do(t, err)
	subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	must.Do(t, err)
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	must.Do(t, err)
	part, err := multipart.NewReader(m.Body, params["boundary"]).NextPart()
	must.Do(t, err)
	text, err := io.ReadAll(part)
	must.Do(t, err)
	return m, subject, string(text)
}

func write(t *testing.T, text []byte) string {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	must.Do(t, err)
	_, err = f.Write(text)
	must.Do(t, errors.Join(err, f.Close()))
	return f.Name()
}
