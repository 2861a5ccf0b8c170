package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"certwright/conformance/process"
	"certwright/conformance/serve"
)

// servers are production servers that share a database and a keyset, with a
// folder each.
type servers struct {
	t      *testing.T
	issuer *serve.House
	token  atomic.Pointer[string]
	each   []*server
}

// A server is one of them, through all its deaths.
type server struct {
	house *serve.House
	now   atomic.Pointer[serve.Server] // nil while it is down
}

// start starts n servers on the database of a URL, with more of a configuration.
func start(t *testing.T, url string, n int, nodes map[string]string) *servers {
	t.Helper()
	first := serve.New(t)
	first.Nodes["store"] = fmt.Sprintf("%q", url)
	first.Nodes["access"] = "{assignments: [{role: Key Vault Administrator, to: {issuer: corp, group: admins}, on: /}, {role: Certwright Administrator, to: {issuer: corp, group: admins}, on: /}]}"
	maps.Copy(first.Nodes, nodes)
	all := &servers{t: t, issuer: first}
	all.signIn()
	for i := range n {
		h := first
		if i > 0 {
			h = first.Another(t)
		}
		s := &server{house: h}
		s.now.Store(h.Start(t))
		all.each = append(all.each, s)
	}
	return all
}

// signIn gets a new token: one lives for an hour.
func (all *servers) signIn() {
	token := all.issuer.Issuer.Token("somebody", map[string]any{"groups": []string{"admins"}})
	all.token.Store(&token)
}

// said is what the servers say that run, its end.
func (all *servers) said() (text string) {
	for i, s := range all.each {
		if at := s.now.Load(); at != nil {
			said := at.Said()
			text += fmt.Sprintf("--- server %d says\n%s", i, said[max(0, len(said)-3000):])
		}
	}
	return text
}

// kill kills a server and starts it again.
func (s *server) kill(t *testing.T) {
	t.Helper()
	was := s.now.Swap(nil)
	was.Kill()
	s.now.Store(s.house.Start(t))
}

// any is one that runs: the balancer takes whichever.
func (all *servers) any() *serve.Server {
	for n := rand.N(len(all.each)); ; n++ {
		if at := all.each[n%len(all.each)].now.Load(); at != nil {
			return at
		}
	}
}

// A client asks one server, or, where that is nil, whichever the balancer takes.
type client struct {
	all *servers
	at  *server
}

// errUnknown is of a request that may have been done or not: its server died of
// it, or could not reach the database.
var errUnknown = errors.New("the outcome is not known")

// Send implements ledger.Server. A read is repeated until there is an answer.
func (c client) Send(ctx context.Context, method, path string, body any) (process.Reply, error) {
	for until := time.Now().Add(time.Minute); ; {
		r, err := c.once(method, path, body)
		if err == nil || method != http.MethodGet || time.Now().After(until) {
			return r, err
		}
		pause(ctx, 20*time.Millisecond)
	}
}

// once asks once. It does so to the end whatever becomes of the test's context:
// an answer that nobody read would be one more outcome that is not known.
func (c client) once(method, path string, body any) (r process.Reply, err error) {
	at := c.all.any()
	if c.at != nil {
		if at = c.at.now.Load(); at == nil {
			return r, errUnknown
		}
	}
	text := []byte{}
	if body != nil {
		if text, err = json.Marshal(body); err != nil {
			return r, err
		}
	}
	q, err := http.NewRequest(method, at.Vault("web")+path+"?api-version=7.4", bytes.NewReader(text))
	if err != nil {
		return r, err
	}
	q.Header.Set("Authorization", "Bearer "+*c.all.token.Load())
	q.Header.Set("Content-Type", "application/json")
	got, err := at.HTTP.Do(q)
	if err != nil {
		return r, errors.Join(errUnknown, err)
	}
	defer got.Body.Close()
	told, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode >= 500 {
		return r, errors.Join(errUnknown, err, fmt.Errorf("%s %s: %d %s", method, path, got.StatusCode, told))
	}
	r.Status = got.StatusCode
	if len(told) > 0 {
		err = json.NewDecoder(strings.NewReader(string(told))).Decode(&r.Body)
	}
	return r, err
}

// pause waits, or until a context ends.
func pause(ctx context.Context, d time.Duration) {
	moment := time.NewTimer(d)
	defer moment.Stop()
	select {
	case <-ctx.Done():
	case <-moment.C:
	}
}
