package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"certwright/internal/must"
	"certwright/internal/vault"
)

// TestGetsAreNeverStale writes between GETs in every way there is and looks
// whether the next GET tells, for the latest and for the version, in both of two
// api-versions and at two hosts.
func TestGetsAreNeverStale(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	g.must(202, "POST", "/certificates/web/create", selfPolicy)
	g.must(200, "GET", "/certificates/web/pending", "")
	first := g.must(200, "GET", "/certificates/web", "").json()["id"].(string)
	version := first[strings.LastIndexByte(first, '/'):]
	read := func() string {
		var all []string
		for _, path := range []string{"/certificates/web", "/certificates/web/", "/certificates/WEB" + version, "/keys/web", "/keys/web" + version, "/secrets/web", "/secrets/web" + version} {
			for _, host := range []string{testHost, "web.vault.localhost"} {
				for _, apiVersion := range []string{"7.0", "2025-07-01"} {
					r := request("GET", path+"?api-version="+apiVersion, "")
					r.Host = host
					got := g.serve(r)
					if strings.HasPrefix(path, "/certificates") && got.status == 200 && !strings.HasPrefix(got.body, `{"id":"https://`+host+"/") {
						t.Fatalf("%s at %s: %s", path, host, got.body)
					}
					if strings.Contains(got.body, "recoverableDays") != (apiVersion != "7.0" && got.status == 200) {
						t.Fatalf("%s with %s: %s", path, apiVersion, got.body)
					}
					all = append(all, fmt.Sprint(got.status, got.body))
				}
			}
		}
		return strings.Join(all, "\n")
	}
	now := read()
	if again := read(); again != now {
		t.Fatalf("two GETs without a write differ:\n%s\n%s", now, again)
	}
	for _, step := range []struct{ method, path, body string }{
		{"PATCH", "/certificates/web" + version, `{"tags":{"a":"1"}}`},
		{"PATCH", "/certificates/web", `{"attributes":{"enabled":false}}`},
		{"PATCH", "/certificates/web", `{"attributes":{"enabled":true}}`},
		{"PATCH", "/certificates/web/policy", `{"lifetime_actions":[]}`},
		{"DELETE", "/certificates/web/pending", ""},
		{"POST", "/certificates/web/create", selfPolicy},
		{"DELETE", "/certificates/web", ""},
		{"POST", "/deletedcertificates/web/recover", ""},
		{"DELETE", "/certificates/web", ""},
	} {
		if got := g.do(step.method, step.path, step.body); got.status >= 300 {
			t.Fatalf("%s %s: %d %s", step.method, step.path, got.status, got.body)
		}
		was := now
		if now = read(); now == was {
			t.Errorf("%s %s changed nothing that a GET shows", step.method, step.path)
		}
	}
	g.must(202, "POST", "/certificates/other/create", selfPolicy)
	g.must(200, "GET", "/certificates/other", "")
	must.Do(t, g.service.Reset(context.Background()))
	g.must(404, "GET", "/certificates/other", "")
}

// denier refuses everything once it is told to.
type denier struct{ deny *bool }

func (d denier) Authorize(_ context.Context, _ vault.Caller, do vault.Action, _ vault.Ref) error {
	if *d.deny {
		return &vault.Error{Reason: vault.Denied, Code: "Forbidden", Inner: "AccessDenied", Message: string(do)}
	}
	return nil
}

func TestKeptAnswersNeedPermission(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	var deny bool
	g.service.Access = denier{&deny}
	g.must(202, "POST", "/certificates/web/create", selfPolicy)
	for _, path := range []string{"/certificates/web", "/keys/web", "/secrets/web", "/certificates/web/pending", "/certificates/web/policy"} {
		g.must(200, "GET", path, "")
		deny = true
		kind, _, _ := strings.Cut(path[1:], "/")
		if got := g.must(403, "GET", path, ""); got.message() != kind+"/get" {
			t.Errorf("%s: asked for %s, want %s/get", path, got.message(), kind)
		}
		deny = false
	}
}

func TestRenderingsAreBounded(t *testing.T) {
	t.Parallel()
	r := newRenderings()
	body := make([]byte, 4<<10)
	for i := range 4 * renderedShards * renderedMost / len(body) {
		r.put(renderedKey{name: fmt.Sprint("n", i)}, rendered{epoch: 1, body: body})
	}
	r.put(renderedKey{name: "large"}, rendered{epoch: 1, body: make([]byte, renderedLargest+1)})
	if _, ok := r.get(renderedKey{name: "large"}, 1); ok {
		t.Error("an answer that is too large was kept")
	}
	for i := range r.shards {
		s := &r.shards[i]
		if s.bytes > renderedMost || s.bytes != s.lru.Len()*(len(body)+renderedExtra) {
			t.Errorf("shard %d: %d bytes, %d answers", i, s.bytes, s.lru.Len())
		}
		if s.lru.Len() == 0 {
			t.Errorf("shard %d is empty", i)
		}
	}
	k := renderedKey{name: "x"}
	r.put(k, rendered{epoch: 1, body: []byte("old")})
	r.put(k, rendered{epoch: 2, body: []byte("new")})
	if got, ok := r.get(k, 2); !ok || string(got.body) != "new" {
		t.Errorf("got %q %v, want new", got.body, ok)
	}
	if _, ok := r.get(k, 3); ok {
		t.Error("an answer of an older epoch was given out")
	}
	if _, ok := r.get(k, 2); ok {
		t.Error("a stale answer was not thrown away")
	}
}

// nowhere takes an answer and forgets it.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header       { return n.header }
func (nowhere) WriteHeader(int)             {}
func (nowhere) Write(b []byte) (int, error) { return io.Discard.Write(b) }

func BenchmarkGet(b *testing.B) {
	for _, path := range []string{"/certificates/web", "/keys/web", "/secrets/web"} {
		for _, hot := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s/hot=%v", path[1:5], hot), func(b *testing.B) {
				g := newRig(b)
				g.handler.Observe = nil
				g.must(202, "POST", "/certificates/web/create", strings.Replace(selfPolicy, "EC", "RSA", 1))
				g.must(200, "GET", "/certificates/web", "")
				r := request("GET", path+"/?api-version=7.4", "")
				b.ReportAllocs()
				for b.Loop() {
					if !hot {
						g.handler.rendered = newRenderings()
					}
					g.handler.ServeHTTP(nowhere{http.Header{}}, r)
				}
			})
		}
	}
}

// TestReadYourWrites: once a PATCH has answered, no GET shows less, however
// many readers fill the cache meanwhile.
func TestReadYourWrites(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	g.must(202, "POST", "/certificates/web/create", selfPolicy)
	g.must(200, "GET", "/certificates/web", "")
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					g.do("GET", "/certificates/web", "")
					g.do("GET", "/secrets/web", "")
				}
			}
		})
	}
	for i := range 20 {
		want := fmt.Sprintf(`"tags":{"n":"%d"}`, i)
		g.must(200, "PATCH", "/certificates/web", "{"+want+"}")
		for _, path := range []string{"/certificates/web", "/secrets/web", "/keys/web"} {
			if got := g.do("GET", path, "").body; !strings.Contains(got, want) {
				t.Errorf("%s lacks %s: %s", path, want, got)
			}
		}
	}
	close(stop)
	readers.Wait()
}
