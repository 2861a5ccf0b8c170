package server

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"certwright/internal/admin"
	"certwright/internal/config"
	"certwright/internal/must"
	"certwright/internal/notify"
	"certwright/internal/vault"
)

// startAs starts a server with a configuration file's text beside the test's data.
func startAs(t *testing.T, text string) *Server {
	t.Helper()
	c, err := config.Parse([]byte(text), t.TempDir())
	must.Do(t, err)
	c.Listen, c.HTTP, c.Data = "127.0.0.1:0", "127.0.0.1:0", filepath.Join(t.TempDir(), "data")
	s, err := Start(t.Context(), c, Options{})
	must.Do(t, err)
	return s
}

// selfSigned makes a certificate that signs itself.
func selfSigned(t *testing.T, s *Server, name string) {
	t.Helper()
	c := client(t, s)
	at := s.Ready.IPURL + "/certificates/" + name
	bearer := []string{"Authorization", "Bearer x", "Content-Type", "application/json"}
	if r := ask(t, c, "POST", at+"/create?api-version=7.4", createSelf, bearer...); r.status != 202 {
		t.Fatalf("create: %d %s", r.status, r.body)
	}
	if r := ask(t, c, "GET", at+"/pending?api-version=7.4", "", bearer...); !strings.Contains(r.body, `"completed"`) {
		t.Fatalf("pending: %d %s", r.status, r.body)
	}
}

// An event goes from the API to a webhook, to who listens, and to the outbox.
func TestEventsReachTheirReceivers(t *testing.T) {
	t.Parallel()
	got := make(chan string, 8)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		got <- string(text)
	}))
	defer hook.Close()
	s := startAs(t, "events: [{name: hook, url: '"+hook.URL+"', skip_handshake: true, types: [CertificateNewVersionCreated]}]\n")
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.Ready.HTTPURL+"/admin/events?after=0", nil)
	must.Do(t, err)
	stream, err := client(t, s).Do(r)
	if err != nil || stream.StatusCode != 200 {
		t.Fatalf("%v, %v", stream, err)
	}
	defer stream.Body.Close()
	selfSigned(t, s, "site")
	select {
	case text := <-got:
		var e struct {
			Type string
			Data struct{ ID string }
		}
		if err := json.Unmarshal([]byte(text), &e); err != nil || e.Type != "Microsoft.KeyVault.CertificateNewVersionCreated" ||
			!strings.HasPrefix(e.Data.ID, s.Ready.VaultURL+"/certificates/site/") {
			t.Errorf("%v: %s", err, text)
		}
	case <-time.After(20 * time.Second):
		t.Error("the webhook was told nothing")
	}
	lines := bufio.NewScanner(stream.Body)
	for lines.Scan() && !strings.Contains(lines.Text(), "event: Microsoft.KeyVault.CertificateNewVersionCreated") {
	}
	if lines.Err() != nil {
		t.Errorf("the stream: %v", lines.Err())
	}
	box, err := s.Outbox(t.Context(), 0, 10)
	if err != nil || len(box.Events) != 1 || box.Next != 0 {
		t.Errorf("%v: %s", err, box.Events)
	}
	began := time.Now()
	stop(t, s) // although somebody listens
	if took := time.Since(began); took > shutdownTime/2 {
		t.Errorf("stopping took %v", took)
	}
}

// What a receiver refused is listed, and sent again when a person says so.
func TestDeadLettersOverHTTP(t *testing.T) {
	t.Parallel()
	taken, gone := make(chan string, 1), make(chan bool, 1)
	gone <- true
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-gone:
			w.WriteHeader(http.StatusGone)
		default:
			text, _ := io.ReadAll(r.Body)
			taken <- string(text)
		}
	}))
	defer hook.Close()
	s := startAs(t, "events: [{name: hook, url: '"+hook.URL+"', skip_handshake: true, types: [CertificateNewVersionCreated]}]\n")
	defer stop(t, s)
	selfSigned(t, s, "site")
	c := client(t, s)
	var list admin.Letters
	for deadline := time.Now().Add(20 * time.Second); len(list.Dead) == 0 && time.Now().Before(deadline); {
		if r := ask(t, c, "GET", s.Ready.HTTPURL+"/admin/outbox/dead", ""); r.status != 200 || json.Unmarshal([]byte(r.body), &list) != nil {
			t.Fatalf("%d %s", r.status, r.body)
		}
	}
	if len(list.Dead) != 1 || list.Dead[0].Sink != "hook" || !strings.Contains(list.Dead[0].Error, "410") {
		t.Fatalf("%+v", list)
	}
	body, err := json.Marshal(map[string]int64{"seq": list.Dead[0].Seq})
	must.Do(t, err)
	if r := ask(t, c, "POST", s.Ready.HTTPURL+"/admin/outbox/resend", string(body)); r.status != 200 || r.body != "{\"resent\":1}\n" {
		t.Fatalf("%d %s", r.status, r.body)
	}
	select {
	case text := <-taken:
		if !strings.Contains(text, list.Dead[0].ID) {
			t.Errorf("another message: %s", text)
		}
	case <-time.After(20 * time.Second):
		t.Error("it was not sent again")
	}
}

// Receivers that are configured wrongly are told at the start, in plain words,
// without calling anybody.
func TestStartNamesTheReceiverThatWillNotDo(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	must.Do(t, os.WriteFile(filepath.Join(folder, "no.pem"), []byte("nothing"), 0o600))
	for text, want := range map[string]string{
		"smtp: {host: a.example, from: b@c.example, user: u, password_file: none}": "smtp: password_file: ",
		"smtp: {host: a.example, from: b@c.example, ca_bundle: no.pem}":            "smtp: ca_bundle: ",
		"smtp: {host: a.example, from: nobody}":                                    "smtp: from: \"nobody\" is not a valid address",
		"events: [{url: 'https://a.example', secret_file: none}]":                  "events: item 1: secret_file: ",
		"events: [{url: 'https://a.example', ca_bundle: no.pem}]":                  "events: item 1: ca_bundle: ",
		"events: [{url: 'http://a.example'}]":                                      "events: item 1: url: ",
	} {
		c, err := config.Parse([]byte(text), folder)
		must.Do(t, err)
		c.Listen, c.HTTP, c.Data = "127.0.0.1:0", "127.0.0.1:0", filepath.Join(t.TempDir(), "data")
		s, err := Start(t.Context(), c, Options{})
		if err == nil {
			stop(t, s)
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s:\ngot  %v\nwant %s", text, err, want)
		}
	}
}

// Files that notices name are beside the configuration.
func TestFilesOfNotices(t *testing.T) {
	t.Parallel()
	c, err := config.Parse([]byte("smtp: {host: a, from: b@c.example, user: u, password_file: p, ca_bundle: /abs/x}\nevents: [{url: 'https://a', secret_file: s}, {url: 'https://b', ca_bundle: k}]\n"), "/etc/certwright")
	must.Do(t, err)
	n := c.Notices
	want := notify.Settings{SMTP: &notify.MailSettings{PasswordFile: "/etc/certwright/p", CABundle: "/abs/x"},
		Events: []notify.WebhookSettings{{SecretFile: "/etc/certwright/s"}, {CABundle: "/etc/certwright/k"}}}
	if n.SMTP.PasswordFile != want.SMTP.PasswordFile || n.SMTP.CABundle != want.SMTP.CABundle ||
		n.Events[0].SecretFile != want.Events[0].SecretFile || n.Events[1].CABundle != want.Events[1].CABundle {
		t.Errorf("%+v", n)
	}
}

// A reset leaves the daily look at every object in place.
func TestResetKeepsTheSweep(t *testing.T) {
	t.Parallel()
	s := run(t)
	must.Do(t, s.Advance(t.Context(), 25*time.Hour))
	must.Do(t, s.Reset(t.Context()))
	var due time.Time
	if err := s.store.View(t.Context(), func(r vault.Reader) (err error) {
		due, err = r.NextDue(time.Now())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if due.Before(time.Now()) || due.After(time.Now().Add(25*time.Hour)) {
		t.Errorf("the next job is due at %v", due)
	}
}

// What happens is seen in the metrics.
func TestMetricsOverHTTP(t *testing.T) {
	t.Parallel()
	s := startAs(t, "events: [{name: hook, url: 'http://127.0.0.1:9', skip_handshake: true}]\n")
	defer stop(t, s)
	selfSigned(t, s, "site")
	c := client(t, s)
	bearer := []string{"Authorization", "Bearer x", "Content-Type", "application/json"}
	at := s.Ready.IPURL + "/certificates/"
	if r := ask(t, c, "PUT", at+"issuers/any?api-version=7.4", `{"provider":"Whatever I Type"}`, bearer...); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if r := ask(t, c, "POST", at+"ordered/create?api-version=7.4", strings.Replace(createSelf, "Self", "any", 1), bearer...); r.status != 202 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	must.Do(t, s.Advance(t.Context(), time.Hour))
	r := ask(t, c, "GET", s.Ready.HTTPURL+"/metrics", "")
	if r.status != 200 || !strings.HasPrefix(r.header.Get("Content-Type"), "text/plain") {
		t.Fatalf("%d %v", r.status, r.header)
	}
	for _, want := range []string{
		`certwright_certificates{state="in_use",vault="default"} 2`,
		`certwright_requests_total{operation="CreateCertificate",status="202"} 2`,
		`certwright_issuer_calls_total{call="step",outcome="done",provider="(scripted)"} 1`,
		`certwright_deliveries_total{outcome="missed",sink="hook"} `,
		`certwright_messages{sink="hook",state="queued"} 2`,
		`certwright_jobs_total{kind="deliver",outcome="done"} `,
		`certwright_clock_offset_seconds 3600`,
	} {
		if !strings.Contains(r.body, "\n"+want) {
			t.Errorf("%s is not in\n%s", want, r.body)
		}
	}
	if strings.Contains(r.body, "Whatever") || strings.Contains(r.body, "ordered") {
		t.Error("a label is what a user typed")
	}
}

// Receivers that hang hold neither the moved clock nor each other nor what is
// issued meanwhile.
func TestHangingReceivers(t *testing.T) {
	t.Parallel()
	end, got := make(chan struct{}), make(chan string, 100)
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-end:
		case <-r.Context().Done():
		}
	}))
	defer hangs.Close()
	defer close(end)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("Content-Type") }))
	defer hook.Close()
	text := "events:\n- {name: hook, url: '" + hook.URL + "', skip_handshake: true}\n"
	for i := range workerSlots + 2 { // more than there are slots for jobs
		text += fmt.Sprintf("- {name: hangs%d, url: '%s/%d', skip_handshake: true}\n", i, hangs.URL, i)
	}
	s := startAs(t, text)
	defer stop(t, s)
	selfSigned(t, s, "site")
	selfSigned(t, s, "mail")
	began := time.Now()
	must.Do(t, s.Advance(t.Context(), 40*24*time.Hour))
	if took := time.Since(began); took > 25*time.Second { // one of them alone is waited for 30 s
		t.Errorf("moving the clock took %v", took)
	}
	if n := len(got); n < 2 {
		t.Errorf("who does not hang got %d events", n)
	}
}

// Pages of the outbox join to the whole, and an answer is no longer than asked.
func TestOutboxComesInPages(t *testing.T) {
	t.Parallel()
	s := run(t)
	must.Do(t, s.store.Update(t.Context(), func(tx vault.Tx) error {
		for i := range 5 {
			if err := tx.Append(vault.Message{ID: strconv.Itoa(i), Topic: vault.EventNewRoot, At: s.clock.Now(), Ref: vault.Ref{Vault: "web"}, Body: []byte(`{}`)}); err != nil {
				return err
			}
		}
		return nil
	}))
	var sizes []int
	for after, more := int64(0), true; more; {
		box, err := s.Outbox(t.Context(), after, 2)
		must.Do(t, err)
		sizes = append(sizes, len(box.Events))
		after, more = box.Next, box.Next != 0
	}
	if !slices.Equal(sizes, []int{2, 2, 1}) {
		t.Errorf("pages of %v", sizes)
	}
}
