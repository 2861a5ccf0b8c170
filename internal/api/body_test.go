package api

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/must"
	"certwright/internal/vault"
)

func TestPlacesForLargeBodies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces()
		var back []func()
		take := func(who string) error {
			done, err := p.take(t.Context(), vault.Caller{Subject: who})
			if err == nil {
				back = append(back, done)
			}
			return err
		}
		refused := func(who string) {
			t.Helper()
			began := time.Now()
			if err := take(who); err == nil || time.Since(began) != largeWait {
				t.Errorf("one more of %s: %v after %v, want a refusal after %v", who, err, time.Since(began), largeWait)
			}
		}
		for range largeOfOne {
			must.Do(t, take("one"))
		}
		refused("one") // and the other places stay free
		for range largeAtOnce - largeOfOne {
			must.Do(t, take("another"))
		}
		refused("a third")
		time.AfterFunc(time.Second, back[0])
		if err := take("a third"); err != nil {
			t.Errorf("a place that came free: %v", err)
		}
		for _, done := range back[1:] {
			done()
		}
		if len(p.own) != 0 || len(p.taken) != 0 {
			t.Errorf("all are given back: %d callers and %d places are left", len(p.own), len(p.taken))
		}
	})
}

// heldBody is a request with a body that began to arrive; it is answered once the
// body ends or the request is refused.
func (g *rig) heldBody(path, subject string) (feed *io.PipeWriter, answered <-chan reply) {
	g.t.Helper()
	body, feed := io.Pipe()
	r := request("POST", path+"?api-version=7.4", "")
	r.Body, r.ContentLength = body, -1
	r.Header.Set("Authorization", "Bearer "+tokenOf(subject))
	held := make(chan reply, 1)
	go func() { held <- g.serve(r) }()
	if _, err := feed.Write([]byte("{")); err != nil { // returns once it is read
		g.t.Fatal(err)
	}
	return feed, held
}

func tokenOf(subject string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"`+subject+`"}`)) + ".c2ln"
}

// Restores hold a place from the first byte to the answer; other bodies, and
// restores that say they are small, need none.
func TestLargeBodiesAreCounted(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	g.handler.large.wait = time.Millisecond
	var held []<-chan reply
	var feeds []*io.PipeWriter
	for i := range largeAtOnce {
		feed, answered := g.heldBody("/certificates/restore", fmt.Sprint("caller-", i/largeOfOne))
		feeds, held = append(feeds, feed), append(held, answered)
	}
	large := `{"value":"` + strings.Repeat("A", maxBody) + `"}`
	if got := g.do("POST", "/keys/restore", large); got.status != 429 || got.code() != "Throttled" || got.header.Get("Retry-After") == "" {
		t.Errorf("one more: %d %s, Retry-After %q", got.status, got.body, got.header.Get("Retry-After"))
	}
	if got := g.do("POST", "/keys/restore", strings.Repeat("A", maxBackup+1)); got.status != 413 {
		t.Errorf("one too large: %d %s", got.status, got.body)
	}
	if got := g.do("POST", "/keys/restore", `{"value":"AAAA"}`); got.status != 400 {
		t.Errorf("a small one: %d %s", got.status, got.body)
	}
	g.must(200, "PUT", "/secrets/s", `{"value":"x"}`)
	for i, feed := range feeds {
		_ = feed.CloseWithError(os.ErrDeadlineExceeded)
		if got := <-held[i]; got.status != 400 || !strings.Contains(got.message(), "in time") {
			t.Errorf("a body that stopped: %d %s", got.status, got.body)
		}
	}
	if got := g.do("POST", "/keys/restore", large); got.status != 400 {
		t.Errorf("after the others: %d %s", got.status, got.body)
	}
}

// One caller that sends slowly does not keep the others from restoring.
func TestOneCallerDoesNotTakeAllPlaces(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	g.handler.large.wait = time.Millisecond
	var feeds []*io.PipeWriter
	for range largeOfOne {
		feed, _ := g.heldBody("/keys/restore", "slow")
		feeds = append(feeds, feed)
	}
	large := `{"value":"` + strings.Repeat("A", maxBody) + `"}`
	r := request("POST", "/keys/restore?api-version=7.4", large)
	r.Header.Set("Authorization", "Bearer "+tokenOf("slow"))
	if got := g.serve(r); got.status != 429 {
		t.Errorf("one more of the same caller: %d %s", got.status, got.body)
	}
	if got := g.do("POST", "/keys/restore", large); got.status != 400 {
		t.Errorf("another caller: %d %s", got.status, got.body)
	}
	for _, feed := range feeds {
		_ = feed.Close()
	}
}

// A gate refuses everything while it is not open, and remembers what was asked for.
type gate struct {
	open  bool
	asked []question
}

type question struct {
	do vault.Action
	on vault.Ref
}

func (g *gate) Authorize(_ context.Context, _ vault.Caller, do vault.Action, on vault.Ref) error {
	g.asked = append(g.asked, question{do, on})
	if g.open {
		return nil
	}
	return &vault.Error{Reason: vault.Denied, Code: "Forbidden", Message: "no"}
}

// An unread body fails a test that reads it.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) { u.t.Error("the body was read"); return 0, io.EOF }
func (u unread) Close() error             { return nil }

// Whoever may not do a thing is refused before its body is read, and it is the
// permission of the operation that decides: for every row that reads one.
func TestPermissionComesBeforeTheBody(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	bar := &gate{}
	g.service.Access = bar
	reading := 0
	for _, row := range rows() {
		if row.limit == 0 {
			if row.asks != "" {
				t.Errorf("%s %s reads no body and asks for %s", row.method, row.path, row.asks)
			}
			continue
		}
		reading++
		path := strings.NewReplacer("{name}", "web", "{issuer}", "ca", "{version}", strings.Repeat("0", 32)).Replace(row.path)
		for _, length := range []int64{-1, smallBody + 1, maxBackup} {
			bar.asked, bar.open = nil, false
			r := request(row.method, path+"?api-version=7.4", "")
			r.Body, r.ContentLength = unread{t}, length
			if got := g.serve(r); got.status != 403 || len(bar.asked) != 1 {
				t.Errorf("%s %s, %d bytes: %d %s, asked for %v", row.method, path, length, got.status, got.body, bar.asked)
			}
		}
		bar.asked, bar.open = nil, true
		got := g.do(row.method, path, bodyOf(t, row.operation)+strings.Repeat(" ", smallBody))
		if len(bar.asked) != 2 || bar.asked[0] != bar.asked[1] {
			t.Errorf("%s %s: %d %s, asked for %v, want one twice", row.method, path, got.status, got.body, bar.asked)
		}
	}
	if reading < 30 {
		t.Errorf("%d rows read a body", reading)
	}
}

// bodyOf is a body of an operation that gets as far as its permission.
func bodyOf(t *testing.T, operation string) string {
	t.Helper()
	use := `{"alg":"RSA-OAEP","value":"AAAA"}`
	body, ok := map[string]string{
		"CreateCertificate": selfPolicy, "UpdateCertificate": "{}", "ImportCertificate": `{"value":"AAAA"}`, "UpdateCertificatePolicy": "{}",
		"UpdateCertificateOperation": `{"cancellation_requested":true}`, "MergeCertificate": `{"x5c":["AAAA"]}`,
		"SetCertificateContacts": `{"contacts":[{"email":"a@example.org"}]}`, "SetCertificateIssuer": `{"provider":"Test"}`, "UpdateCertificateIssuer": "{}",
		"GetRandomBytes": `{"count":1}`, "encrypt": use, "decrypt": use, "wrapKey": use, "unwrapKey": use, "sign": `{"alg":"RS256","value":"AAAA"}`,
		"verify": `{"alg":"RS256","digest":"AAAA","value":"AAAA"}`, "release": `{"target":"AAAA"}`, "CreateKey": `{"kty":"EC"}`,
		"ImportKey": `{"key":{"kty":"oct","k":"AAAA"}}`, "UpdateKey": "{}", "UpdateKeyRotationPolicy": `{"lifetimeActions":[]}`,
		"SetSecret": `{"value":"x"}`, "UpdateSecret": "{}", "RestoreCertificate": `{"value":"AAAA"}`, "RestoreKey": `{"value":"AAAA"}`, "RestoreSecret": `{"value":"AAAA"}`,
	}[operation]
	if !ok {
		t.Errorf("no body is known for %s", operation)
	}
	return body
}
