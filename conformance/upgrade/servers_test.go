package upgrade

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"

	"certwright/conformance/process"
	"certwright/conformance/serve"
	"certwright/internal/store/sqlstore/sqltest"
)

// A pair is two production servers that share a database, and what stands before
// them: requests go to one of those that run, and one that is about to be
// replaced gets no new ones.
type pair struct {
	schema sqltest.Schema
	first  *serve.House
	before string // the program that does not know every setting of this one
	token  string
	each   [2]*place
}

// A place is where one server after the other runs.
type place struct {
	house *serve.House
	up    sync.RWMutex // held to read by a request, to write by who replaces the server
	*serve.Server
}

// configure has a house start a program, and end without waiting for a balancer.
func (p *pair) configure(h *serve.House, program string) {
	h.Program = program
	if h.Nodes["drain"] = "0s"; program == p.before {
		delete(h.Nodes, "drain")
	}
}

// start starts both with one program on an empty database.
func start(t *testing.T, program, before string) *pair {
	t.Helper()
	p := &pair{schema: sqltest.NewSchema(t, sqltest.Postgres(t)[0]), first: serve.New(t), before: before}
	p.token = p.first.Issuer.Token("somebody", map[string]any{"groups": []string{"admins"}})
	p.first.Nodes["store"] = fmt.Sprintf("%q", p.schema.URL)
	p.first.Nodes["providers"] = "{Internal: {kind: ca, common_name: Example Issuing CA}}"
	p.first.Nodes["access"] = "{assignments: [{role: Key Vault Administrator, to: {issuer: corp, group: admins}, on: /}, {role: Certwright Administrator, to: {issuer: corp, group: admins}, on: /}]}"
	p.configure(p.first, program)
	p.each[0] = &place{house: p.first, Server: p.first.Start(t)}
	second := p.first.Another(t)
	p.each[1] = &place{house: second, Server: second.Start(t)}
	return p
}

// replace ends the server of a place, once it has answered what it was asked, and
// starts another program there.
func (p *pair) replace(t *testing.T, n int, program string) {
	t.Helper()
	at := p.each[n]
	at.up.Lock()
	defer at.up.Unlock()
	if err := at.Stop(); err != nil {
		t.Fatalf("it does not end well: %v\n%s", err, at.Said())
	}
	p.configure(at.house, program)
	at.Server = at.house.Start(t)
}

// Send implements ledger.Server.
func (p *pair) Send(ctx context.Context, method, path string, body any) (process.Reply, error) {
	n := rand.IntN(2)
	for !p.each[n].up.TryRLock() {
		n = 1 - n
	}
	defer p.each[n].up.RUnlock()
	return p.each[n].send(ctx, p.token, method, path, body)
}

// one asks the server of one place.
type one struct {
	of *pair
	n  int
}

// Send implements ledger.Server.
func (o one) Send(ctx context.Context, method, path string, body any) (process.Reply, error) {
	return o.of.each[o.n].send(ctx, o.of.token, method, path, body)
}

// send asks to the end whatever becomes of the context: an answer that nobody
// read would be an outcome that is not known.
func (s *place) send(ctx context.Context, token, method, path string, body any) (r process.Reply, err error) {
	var text []byte
	if body != nil {
		if text, err = json.Marshal(body); err != nil {
			return r, err
		}
	}
	q, err := http.NewRequestWithContext(context.WithoutCancel(ctx), method, s.Vault("web")+path+"?api-version=7.4", bytes.NewReader(text))
	if err != nil {
		return r, err
	}
	q.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	got, err := s.HTTP.Do(q)
	if err != nil {
		return r, err
	}
	defer got.Body.Close()
	r.Status = got.StatusCode
	if got.StatusCode != http.StatusNoContent {
		err = json.NewDecoder(got.Body).Decode(&r.Body)
	}
	return r, err
}
