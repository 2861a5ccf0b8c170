package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"certwright/internal/admin"
	"certwright/internal/client"
	"certwright/internal/clientenv"
	"certwright/internal/must"

	"github.com/google/go-cmp/cmp"
)

// door answers at the side door.
func door(t *testing.T, serve http.HandlerFunc) *client.Client {
	t.Helper()
	side := httptest.NewServer(serve)
	t.Cleanup(side.Close)
	return client.New(clientenv.Ready{IPURL: "https://127.0.0.1:1", HTTPURL: side.URL})
}

// All pages are asked for, and what the server refuses is told in its words.
func TestOperations(t *testing.T) {
	t.Parallel()
	c := door(t, func(w http.ResponseWriter, r *http.Request) {
		switch q := r.URL.Query(); q.Get("vault") + " " + q.Get("after") + strings.TrimPrefix(q.Get("status"), "failed") {
		case "web ":
			fmt.Fprint(w, `{"operations":[{"vault":"web","name":"a"},{"vault":"web","name":"b"}],"next":"web/b"}`)
		case "web web/b":
			fmt.Fprint(w, `{"operations":[{"vault":"web","name":"c"}]}`)
		case "odd ":
			fmt.Fprint(w, `<html>`)
		case "sick ":
			w.WriteHeader(http.StatusBadGateway)
		default:
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":{"code":"BadParameter","message":"not \u009b[31m so"}}`)
		}
	})
	var got []string
	list := func(vaultName string) (last error) {
		for o, err := range c.Operations(t.Context(), vaultName, "failed") {
			if last = err; err == nil {
				got = append(got, o.Vault+"/"+o.Name)
			}
		}
		return last
	}
	if err := list("web"); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"web/a", "web/b", "web/c"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for name, want := range map[string]string{"odd": "read the server's answer: ", "sick": "the server answers 502 Bad Gateway\nhint: ", "other": "not  [31m so"} {
		if err := list(name); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A refusal has its code, and the caller's hint; an answer that never came has
// a hint of its own.
func TestErrors(t *testing.T) {
	t.Parallel()
	c := door(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error":{"code":"CertificateNotFound","message":"there is none"}}`)
	})
	_, err := c.Operation(t.Context(), "web", "a")
	var e *client.Error
	if !errors.As(err, &e) || e.Status != 404 || e.Code != "CertificateNotFound" || e.Error() != "there is none" {
		t.Errorf("%+v", err)
	}
	if got := client.Hinted(err, "look elsewhere").Error(); got != "there is none\nhint: look elsewhere" || e.Hint != "" {
		t.Errorf("%q, %+v", got, e)
	}
	none := client.New(clientenv.Ready{HTTPURL: "http://127.0.0.1:1"})
	_, err = none.Retry(t.Context(), admin.RetryRequest{})
	if got := client.Hinted(err, "look elsewhere").Error(); !strings.HasPrefix(got, "ask the server: ") || !strings.HasSuffix(got, "hint: the server's log says why") {
		t.Errorf("%q", got)
	}
	if _, err := none.Advance(t.Context(), time.Hour); err == nil || !strings.Contains(err.Error(), "says how far it came") {
		t.Error(err)
	}
	if err := client.Hinted(nil, "x"); err != nil {
		t.Error(err)
	}
}

// What is asked is what the side door reads.
func TestRequests(t *testing.T) {
	t.Parallel()
	var asked []string
	c := door(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, strings.TrimSpace(r.Method+" "+r.URL.EscapedPath()+" "+string(body)))
		fmt.Fprint(w, `{}`)
	})
	ctx, seq, sink := t.Context(), int64(7), "mail"
	for _, do := range []func() error{
		func() error { _, err := c.Clock(ctx); return err },
		func() error { _, err := c.Advance(ctx, 36*time.Hour); return err },
		func() error { return c.Reset(ctx) },
		func() error { _, err := c.Outbox(ctx); return err },
		func() error { _, err := c.Resend(ctx, admin.ResendRequest{Seq: &seq}); return err },
		func() error { _, err := c.Resend(ctx, admin.ResendRequest{Sink: &sink}); return err },
		func() error {
			_, err := c.Decide(ctx, "web", "a/b", admin.DecisionRequest{Decision: admin.Approve, RequestID: "1"})
			return err
		},
		func() error {
			_, err := c.Retry(ctx, admin.RetryRequest{Vault: "web", Certificate: "a"})
			return err
		},
		func() error {
			_, err := c.Revoke(ctx, admin.RevokeRequest{Vault: "web", Certificate: "a", Reason: "superseded"})
			return err
		},
		func() error { _, err := c.Register(ctx, "web", "le"); return err },
		func() error { return c.Rollover(ctx, "Corp CA") },
	} {
		if err := do(); err != nil {
			t.Error(err)
		}
	}
	want := []string{
		`GET /admin/clock`, `POST /admin/clock {"advance":"36h0m0s"}`, `POST /admin/reset`, `GET /admin/outbox`,
		`POST /admin/outbox/resend {"seq":7}`, `POST /admin/outbox/resend {"sink":"mail"}`,
		`POST /admin/operations/web/a%2Fb {"decision":"approve","request_id":"1"}`,
		`POST /admin/retry {"vault":"web","certificate":"a"}`, `POST /admin/revoke {"vault":"web","certificate":"a","reason":"superseded"}`,
		`POST /admin/issuers/web/le/account`, `POST /admin/ca/Corp%20CA/rollover`,
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A server that runs is found; one that was killed leaves its file behind.
func TestFind(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	if _, err := client.Find(t.Context(), data); err == nil || !strings.HasPrefix(err.Error(), "no server runs in "+data+"\nhint: ") {
		t.Errorf("nothing there: %v", err)
	}
	status := http.StatusOK
	c := door(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	write := func(at clientenv.Ready) {
		text, err := json.Marshal(at)
		if err == nil {
			err = os.WriteFile(filepath.Join(data, clientenv.RunFile), text, 0o600)
		}
		must.Do(t, err)
	}
	write(c.At)
	if found, err := client.Find(t.Context(), data); err != nil || found.At != c.At {
		t.Errorf("%+v, %v", found, err)
	}
	status = http.StatusTeapot
	if _, err := client.Find(t.Context(), data); err == nil || !strings.Contains(err.Error(), "418") {
		t.Errorf("another program: %v", err)
	}
	write(clientenv.Ready{IPURL: "https://127.0.0.1:1", HTTPURL: "http://127.0.0.1:1"})
	if _, err := client.Find(t.Context(), data); err == nil || !strings.HasPrefix(err.Error(), "no server runs in ") {
		t.Errorf("after a kill: %v", err)
	}
}

func TestVaults(t *testing.T) {
	t.Parallel()
	if _, err := client.New(clientenv.Ready{CAFile: filepath.Join(t.TempDir(), "none")}).Vaults(); err == nil {
		t.Error("without an authority")
	}
	if _, err := client.New(clientenv.Ready{CAFile: "client_test.go"}).Vaults(); err == nil || !strings.Contains(err.Error(), "no certificate") {
		t.Error(err)
	}
}

// listed has servers listed as if this user had started them, in a place of the
// test's own.
func listed(t *testing.T) (list func(throwaway bool) (data string, c *client.Client)) {
	t.Helper()
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	t.Setenv("CERTWRIGHT_HTTP_URL", "")
	return func(throwaway bool) (string, *client.Client) {
		data := filepath.Join(t.TempDir(), "a b")
		must.Do(t, os.Mkdir(data, 0o700))
		c := door(t, func(http.ResponseWriter, *http.Request) {})
		c.At.Data, c.At.VaultURL = data, "https://web.vault.localhost"
		must.Do(t, c.At.Write())
		t.Cleanup(clientenv.List(data, throwaway))
		return data, c
	}
}

// The one server that runs is found; of several the one that the environment
// points at; throwaway ones only so.
func TestFindOne(t *testing.T) {
	list := listed(t)
	if _, err := client.Find(t.Context(), ""); !client.NotRunning(err) || !strings.HasPrefix(err.Error(), "no server of this user runs\nhint: start one") {
		t.Errorf("none: %v", err)
	}
	_, around := list(true)
	if _, err := client.Find(t.Context(), ""); !client.NotRunning(err) {
		t.Errorf("a throwaway one: %v", err)
	}
	first, one := list(false)
	if c, err := client.Find(t.Context(), ""); err != nil || c.At != one.At {
		t.Errorf("one: %+v, %v", c, err)
	}
	second, _ := list(false)
	_, err := client.Find(t.Context(), "")
	if err == nil || client.NotRunning(err) || !strings.HasPrefix(err.Error(), "2 servers run: say which\nhint: add one of these\n  --data '") ||
		!strings.Contains(err.Error(), "--data '"+first+"'  (dev, process 0, https://web.vault.localhost)") || !strings.Contains(err.Error(), second) {
		t.Errorf("two: %v", err)
	}
	for _, c := range []*client.Client{around, one} {
		t.Setenv("CERTWRIGHT_HTTP_URL", c.At.HTTPURL)
		if found, err := client.Find(t.Context(), ""); err != nil || found.At != c.At {
			t.Errorf("by the environment: %+v, %v", found, err)
		}
	}
	t.Setenv("CERTWRIGHT_HTTP_URL", "")
	must.Do(t, os.Remove(filepath.Join(second, clientenv.RunFile)))
	if c, err := client.Find(t.Context(), ""); err != nil || c.At != one.At {
		t.Errorf("one that ended: %+v, %v", c, err)
	}
	if len(clientenv.Lists()) != 4 { // this user's own, the service's, the throwaway one, the one
		t.Errorf("what ended is listed still: %+v", clientenv.Lists())
	}
}

// A server that starts is waited for, and one that does not is told of.
func TestAwait(t *testing.T) {
	list := listed(t)
	short, stop := context.WithCancel(t.Context())
	stop()
	if _, err := client.Await(short, ""); !client.NotRunning(err) {
		t.Errorf("nobody came: %v", err)
	}
	started := make(chan *client.Client, 1)
	go func() {
		_, c := list(false)
		started <- c
	}()
	if c, err := client.Await(t.Context(), ""); err != nil || c.At != (<-started).At {
		t.Errorf("%+v, %v", c, err)
	}
}
