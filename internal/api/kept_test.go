package api

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"certwright/internal/vault"
)

// A counted store counts what is read of it, and which versions in updates.
type counted struct {
	vault.Store
	views, versions atomic.Int64
}

func (c *counted) Update(ctx context.Context, fn func(vault.Tx) error) error {
	return c.Store.Update(ctx, func(tx vault.Tx) error { return fn(counting{tx, c}) })
}

type counting struct {
	vault.Tx
	store *counted
}

func (c counting) Version(ref vault.Ref, id string) (vault.Version, error) {
	c.store.versions.Add(1)
	return c.Tx.Version(ref, id)
}

func (c *counted) View(ctx context.Context, fn func(vault.Reader) error) error {
	c.views.Add(1)
	return c.Store.View(ctx, fn)
}

// count has the rig's store counted.
func (g *rig) count() *counted {
	c := &counted{Store: g.service.Store}
	g.service.Store = c
	return c
}

const manualPolicy = `{"policy":{"x509_props":{"subject":"CN=m"},"key_props":{"kty":"EC"}}}`

// TestPartsAreKept: a pending operation that rests and a policy are read once,
// and answered alike each time.
func TestPartsAreKept(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	id := g.must(202, "POST", "/certificates/web/create", selfPolicy).json()["request_id"].(string)
	g.must(200, "GET", "/certificates/web", "")
	g.must(202, "POST", "/certificates/m/create", manualPolicy)
	store := g.count()
	for _, path := range []string{"/certificates/web/pending", "/certificates/web/pending?request_id=" + id, "/certificates/m/pending", "/certificates/web/policy"} {
		first := g.must(200, "GET", path, "")
		before := store.views.Load()
		again := g.must(200, "GET", path, "")
		if n := store.views.Load() - before; n != 0 {
			t.Errorf("%s: read %d times though nothing was written", path, n)
		}
		if again.body != first.body || again.header.Get("Retry-After") != first.header.Get("Retry-After") || again.header.Get("Content-Type") != first.header.Get("Content-Type") {
			t.Errorf("%s: %v %s, then %v %s", path, first.header, first.body, again.header, again.body)
		}
	}
	if g.must(200, "GET", "/certificates/m/pending", "").header.Get("Retry-After") != "10" {
		t.Error("a kept operation in progress lacks Retry-After")
	}
}

// TestPartsAreAsAskedFor: what is kept for one client is not given to one that
// asks for another request, calls elsewhere, spells otherwise or knows more.
func TestPartsAreAsAskedFor(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	id := g.must(202, "POST", "/certificates/Web/create", selfPolicy).json()["request_id"].(string)
	g.must(200, "GET", "/certificates/web/pending?request_id="+id, "")
	for range 2 {
		g.must(200, "GET", "/certificates/web/pending?request_id="+strings.ToUpper(id), "")
		g.must(404, "GET", "/certificates/web/pending?request_id=0"+id[1:31]+"g", "")
		for _, name := range []string{"web", "WEB"} {
			if got := g.must(200, "GET", "/certificates/"+name+"/policy", "").json()["id"]; got != "https://"+testHost+"/certificates/"+name+"/policy" {
				t.Errorf("policy of %s: id %v", name, got)
			}
		}
		for _, version := range []string{"7.4", "7.5", "2025-07-01"} {
			got := g.must(200, "GET", "/certificates/web/pending?api-version="+version, "").json()
			if want := "https://" + testHost + "/certificates/Web?api-version=" + version; got["target"] != want {
				t.Errorf("target %v, want %s", got["target"], want)
			}
			if _, has := got["preserveCertOrder"]; has != (version == "2025-07-01") {
				t.Errorf("%s: preserveCertOrder %v", version, has)
			}
		}
		for _, host := range []string{testHost, "web.vault.localhost"} {
			for _, part := range []string{"pending", "policy"} {
				r := request("GET", "/certificates/Web/"+part+"?api-version=7.4", "")
				r.Host = host
				if got := g.serve(r).json()["id"]; got != "https://"+host+"/certificates/Web/"+part {
					t.Errorf("%s at %s: id %v", part, host, got)
				}
			}
		}
		r := request("GET", "/certificates/web/pending?api-version=7.4", "")
		r.Header.Set("Accept", "application/pkcs10")
		if got := g.serve(r); got.header.Get("Content-Type") != "application/pkcs10" || strings.Contains(got.body, "{") {
			t.Errorf("the CSR: %v %s", got.header, got.body)
		}
	}
}

// TestPartsAreNeverStale writes between GETs in every way that an operation and
// a policy change by.
func TestPartsAreNeverStale(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	g.must(202, "POST", "/certificates/m/create", manualPolicy)
	read := func(part string) string {
		got := g.do("GET", "/certificates/m/"+part, "")
		if again := g.do("GET", "/certificates/m/"+part, ""); fmt.Sprint(again.status, again.body, again.header.Get("Retry-After")) != fmt.Sprint(got.status, got.body, got.header.Get("Retry-After")) && again.status < 300 {
			t.Fatalf("two GETs of %s differ: %v %s, %v %s", part, got.header, got.body, again.header, again.body)
		}
		return fmt.Sprint(got.status, got.body)
	}
	for _, step := range []struct{ part, method, path, body string }{
		{"pending", "PATCH", "/certificates/m/pending", `{"cancellation_requested":true}`},
		{"pending", "PATCH", "/certificates/m/pending", `{"cancellation_requested":false}`},
		{"pending", "DELETE", "/certificates/m/pending", ""},
		{"pending", "POST", "/certificates/m/create", selfPolicy},
		{"policy", "PATCH", "/certificates/m/policy", `{"lifetime_actions":[]}`},
		{"policy", "POST", "/certificates/m/create", manualPolicy},
		{"pending", "DELETE", "/certificates/m", ""},
		{"policy", "POST", "/deletedcertificates/m/recover", ""},
		{"policy", "DELETE", "/certificates/m", ""},
	} {
		was := read(step.part)
		if got := g.do(step.method, step.path, step.body); got.status >= 300 {
			t.Fatalf("%s %s: %d %s", step.method, step.path, got.status, got.body)
		}
		if read(step.part) == was {
			t.Errorf("%s %s changed nothing that a GET of %s shows", step.method, step.path, step.part)
		}
	}
}

// TestFirstGetIsLikeTheSecond: the GET that ends an order answers what those
// answer that read the version from the store.
func TestFirstGetIsLikeTheSecond(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	for i, more := range []string{``, `,"tags":{}`, `,"tags":{"b":"2","a":"1"},"attributes":{"enabled":false}`} {
		path := fmt.Sprint("/certificates/Web-", i)
		for before := range int64(2) { // the second one has a version before it, which is read, and a name spelled otherwise
			g.must(202, "POST", path+"/create", strings.TrimSuffix(selfPolicy, "}")+more+"}")
			store := g.count()
			first := g.must(200, "GET", path, "").body
			if reads := store.versions.Load(); reads != before {
				t.Errorf("%s: %d versions were read, want %d: the one just put is there", path, reads, before)
			}
			if second := g.must(200, "GET", path, "").body; second != first {
				t.Errorf("%s: first\n%s\nthen\n%s", path, first, second)
			}
			path = strings.ToLower(path)
		}
	}
}
