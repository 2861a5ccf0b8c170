package upgrade

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/conformance/ledger"
	"certwright/conformance/process"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
)

const hands = 4

// TestServersAreReplaced replaces two servers under load by those of the build
// that comes after theirs, one after the other, and back again: nothing that was
// acknowledged is lost, and nothing is refused. Once the schema is brought up to
// date before, once by the first server that starts.
func TestServersAreReplaced(t *testing.T) {
	sqltest.Postgres(t)
	before, now := previous(t), this(t)
	after, schema := next(t)
	for _, c := range []struct {
		name     string
		old, new string
		schema   int64 // of the new one; 0: whichever
		migrate  bool  // before the first server is replaced
	}{
		{"the build before, by this one", before, now, 0, true},
		{"the build before, by this one, which migrates as it starts", before, now, 0, false},
		{"this build, by the one after", now, after, schema, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := start(t, c.old, before)
			r := &run{pair: p, t: t, facts: ledger.New()}
			r.issuer()
			end := r.load()
			if c.migrate {
				r.migrate(c.new)
			}
			for _, program := range []string{c.new, c.old} {
				for n := range p.each {
					r.pause()
					p.replace(t, n, program)
				}
			}
			r.pause()
			end()
			r.judge()
			r.check(c.new)
			if c.schema > 0 {
				r.holdsWhatIsNext(c.schema)
				r.mayNotGoBack(c.old)
			}
		})
	}
}

// A run is one pair under load.
type run struct {
	*pair
	t      *testing.T
	facts  *ledger.Ledger
	mu     sync.Mutex
	failed []error
}

// Send implements ledger.Server: any error is one too many.
func (r *run) Send(ctx context.Context, method, path string, body any) (process.Reply, error) {
	got, err := r.pair.Send(ctx, method, path, body)
	if err != nil || got.Status >= 500 {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.failed = append(r.failed, fmt.Errorf("%s %s: %d %v %w", method, path, got.Status, got.Body, errors.Join(err)))
	}
	return got, err
}

func (r *run) issuer() {
	r.t.Helper()
	got, err := r.Send(r.t.Context(), "PUT", "/certificates/issuers/own", map[string]any{"provider": "Internal", "org_details": admin(0)})
	must.Do(r.t, err)
	if got.Status != 200 {
		r.t.Fatalf("issuer: %d %v", got.Status, got.Body)
	}
}

// load begins it; end ends it.
func (r *run) load() (end func()) {
	r.t.Helper()
	brings, err := ledger.Bring()
	must.Do(r.t, err)
	ctx, stop := context.WithCancel(r.t.Context())
	var busy sync.WaitGroup
	for i := range hands {
		h := &ledger.Hand{Server: r, Ledger: r.facts, Prefix: fmt.Sprintf("h%d", i), Brings: brings, Issuers: []string{"own"}, Stays: true,
			Random: rand.New(rand.NewPCG(7, uint64(i)))}
		busy.Go(func() { h.Work(ctx) })
	}
	for i := range 2 { // the same names again and again, at whichever server
		busy.Go(func() { r.edit(ctx, fmt.Sprintf("edited-%d", i)) })
	}
	return func() { stop(); busy.Wait() }
}

// edit changes one name for as long as the context lasts, and holds every answer
// against what was acknowledged before.
func (r *run) edit(ctx context.Context, name string) {
	at := "/certificates/" + name
	r.want(202, "POST", at+"/create", map[string]any{"policy": map[string]any{"key_props": map[string]any{"kty": "EC"}, "issuer": map[string]any{"name": "own"},
		"x509_props": map[string]any{"subject": "CN=" + name, "sans": map[string]any{"dns_names": []string{name}}}}})
	for n := 1; ctx.Err() == nil; n++ {
		months := 1 + n%12
		r.want(200, "PATCH", at+"/policy", map[string]any{"x509_props": map[string]any{"validity_months": months}})
		got := r.want(200, "GET", at+"/policy", nil)
		x509, _ := got.Body["x509_props"].(map[string]any)
		if x509["validity_months"] != float64(months) {
			r.t.Errorf("%s: validity_months is %v, acknowledged was %d", name, x509["validity_months"], months)
		}
		r.want(200, "PATCH", "/certificates/issuers/own", map[string]any{"org_details": admin(n)})
	}
}

func admin(n int) map[string]any {
	return map[string]any{"admin_details": []map[string]any{{"email": fmt.Sprintf("admin-%d@example.com", n)}}}
}

func (r *run) want(status int, method, path string, body any) process.Reply {
	got, err := r.Send(context.WithoutCancel(r.t.Context()), method, path, body)
	if err == nil && got.Status != status {
		r.t.Errorf("%s %s: %d %v, want %d", method, path, got.Status, got.Body, status)
	}
	return got
}

// pause lets some writes be acknowledged.
func (r *run) pause() {
	timer := time.NewTimer(500 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.t.Context().Done():
	}
}

// migrate brings the schema up to date while both servers go on.
func (r *run) migrate(program string) {
	r.t.Helper()
	h := *r.first
	h.Program = program
	if out, said, code := h.Run(r.t, "migrate", "--config", r.first.File("config.yaml")); code != 0 {
		r.t.Fatalf("migrate: %d %s %s", code, out, said)
	}
}

// judge holds what both servers have against what was acknowledged.
func (r *run) judge() {
	r.t.Helper()
	for _, err := range r.failed {
		r.t.Errorf("not answered: %v", err)
	}
	names, writes := r.facts.Names(), r.facts.Acknowledged()
	if wrong := r.facts.Judge(r.t.Context(), one{r.pair, 0}, one{r.pair, 1}); len(wrong) > 0 {
		r.t.Errorf("%s\nthe servers said:\n%s\n%s", strings.Join(wrong, "\n"), tail(r.each[0].Said()), tail(r.each[1].Said()))
	}
	r.t.Logf("%d writes to %d names were acknowledged while servers were replaced four times", writes, names)
	if writes < 30 {
		r.t.Error("too little was written to prove anything")
	}
}

func tail(s string) string { return s[max(0, len(s)-2000):] }

const (
	writtenByNext = `SELECT count(*) FILTER (WHERE body LIKE '%"next":{"by":["next"]}%'), count(*) FILTER (WHERE body LIKE '{"next"%'), count(*) FROM objects WHERE key LIKE 'edited-%'`
	issuersNext   = `SELECT count(*) FILTER (WHERE (length(body) - length(replace(body, '"next":{"by":["next"]}', ''))) / length('"next":{"by":["next"]}') = 2), count(*) FROM issuers`
	schemaNow     = `SELECT max(version_id), (SELECT value FROM settings WHERE key = 'schema.min_reader') FROM goose_db_version`
)

// holdsWhatIsNext looks into the rows that servers of the later build wrote first
// and those of this one last: what only the later one knows is in them.
func (r *run) holdsWhatIsNext(schema int64) {
	r.t.Helper()
	var kept, last, all int
	must.Do(r.t, r.schema.Admin.QueryRow(r.t.Context(), writtenByNext).Scan(&kept, &last, &all))
	if all != 2 || kept != all || last != 0 {
		r.t.Errorf("of %d objects %d have the member of the later program, and it wrote %d of them last", all, kept, last)
	}
	must.Do(r.t, r.schema.Admin.QueryRow(r.t.Context(), issuersNext).Scan(&kept, &all))
	if all != 1 || kept != all {
		r.t.Errorf("of %d issuers %d have the members of the later program", all, kept)
	}
	var version int64
	var least string
	must.Do(r.t, r.schema.Admin.QueryRow(r.t.Context(), schemaNow).Scan(&version, &least))
	if version != schema || least != fmt.Sprint(schema-1) {
		r.t.Errorf("the schema is at %d, for programs from %s on", version, least)
	}
}

// mayNotGoBack contracts the schema: servers of the older build that run end, and
// others do not start, and say why.
func (r *run) mayNotGoBack(program string) {
	r.t.Helper()
	_, err := r.schema.Admin.Exec(r.t.Context(), `UPDATE settings SET value = (value::bigint + 1)::text WHERE key = 'schema.min_reader'`)
	must.Do(r.t, err)
	if err := r.each[1].Wait(); err == nil || !strings.Contains(r.each[1].Said(), "a newer program") {
		r.t.Errorf("it ends with %v and says %s", err, tail(r.each[1].Said()))
	}
	r.configure(r.each[1].house, program)
	if said := r.each[1].house.Refused(r.t); !strings.Contains(said, "a newer program") || !strings.Contains(said, "hint: ") {
		r.t.Errorf("it says %s", said)
	}
}

// check goes through all rows, beside a server: each bears its seal. Then the keys
// are looked at beside it and without one.
func (r *run) check(program string) {
	r.t.Helper()
	h := *r.first
	h.Program = program
	h.Env = append(h.Env, "CERTWRIGHT_TOKEN="+r.token)
	for _, c := range []struct {
		without bool // any server in the folder
		want    string
		args    []string
	}{
		{false, "seals checked: no faults", []string{"check", "--store", r.schema.URL, "--data", r.first.File("data")}},
		{false, "primary", []string{"keyset", "status", "--config", r.first.File("config.yaml")}},
		{true, "primary", []string{"keyset", "status", "--config", r.first.File("config.yaml")}},
		{true, "opens the data keys", []string{"keyset", "check", "--store", r.schema.URL, "--data", r.first.File("data")}},
	} {
		if c.without {
			_ = r.each[0].Stop() // how it ends was looked at before
		}
		if out, said, code := h.Run(r.t, c.args...); code != 0 || !strings.Contains(out+said, c.want) {
			r.t.Errorf("%s: %d %s %s", c.args[0], code, out, said)
		}
	}
}
