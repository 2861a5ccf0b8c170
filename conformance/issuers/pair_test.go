package issuers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/conformance/process"
	"certwright/conformance/serve"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
)

// A pair is two production servers on one PostgreSQL, with one authority. What
// befalls a call befalls the server that makes it; one that is killed stays dead,
// and the other one goes on.
type pair struct {
	t      *testing.T
	toll   *toll
	schema sqltest.Schema
	house  *serve.House
	token  string

	mu    sync.Mutex
	each  []*serve.Server // those that live
	fell  int             // by kills and cuts
	gone  bool            // who was to fall had gone away
	wrong error
	said  string
}

// newPair makes a pair that is still to be configured and started.
func newPair(t *testing.T, postgres string) *pair {
	p := &pair{t: t, toll: &toll{}, schema: sqltest.NewSchema(t, postgres), house: serve.New(t)}
	p.toll.kill = func(caller string) { p.befall(caller, p.die) }
	p.toll.cut = func(caller string) { p.befall(caller, p.lose) }
	p.token = p.house.Issuer.Token("somebody", map[string]any{"groups": []string{"admins"}})
	return p
}

// start starts both with providers, and puts the issuer.
func (p *pair) start(ctx context.Context, providers string, issuer object) error {
	p.house.Nodes["providers"] = providers
	for i := range 2 {
		h := p.house
		if i > 0 {
			h = h.Another(p.t)
		}
		h.Nodes["store"] = strings.Replace(p.schema.URL, "application_name="+p.schema.Name, fmt.Sprintf("application_name=%s-%d", p.schema.Name, i), 1)
		p.each = append(p.each, h.Start(p.t))
	}
	r, err := p.send(ctx, "PUT", "/certificates/issuers/ca", issuer)
	if err == nil && r.Status != 200 {
		err = fmt.Errorf("issuer: %d %v", r.Status, r.Body)
	}
	return err
}

// befall has something befall the server that calls from an address.
func (p *pair) befall(caller string, what func(i int)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, s := range p.each {
		if s != nil && callsFrom(s.PID(), caller) {
			p.fell++
			what(i)
			return
		}
	}
	p.gone = true // who called waits no longer
}

func (p *pair) die(i int) {
	p.each[i].Kill()
	p.said += fmt.Sprintf("--- server %d said\n%s", i, p.each[i].Said())
	p.each[i] = nil
}

// lose cuts all connections of a server to its database.
func (p *pair) lose(i int) {
	_, err := p.schema.Admin.Exec(context.Background(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", fmt.Sprintf("%s-%d", p.schema.Name, i))
	p.wrong = errors.Join(p.wrong, err)
}

// end ends both.
func (p *pair) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, s := range p.each {
		if s != nil {
			p.die(i)
		}
	}
}

// living is one of those that live.
func (p *pair) living() *serve.Server {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n := rand.N(2); ; n++ {
		if s := p.each[n%2]; s != nil {
			return s
		}
	}
}

// send does a request that may be repeated, and repeats it while its outcome is
// not known.
func (p *pair) send(ctx context.Context, method, path string, body any) (r process.Reply, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return r, err
	}
	for ctx.Err() == nil {
		s := p.living()
		q, err := http.NewRequestWithContext(ctx, method, s.Vault("web")+path+"?api-version=7.4", bytes.NewReader(text))
		if err != nil {
			return r, err
		}
		q.Header.Set("Authorization", "Bearer "+p.token)
		q.Header.Set("Content-Type", "application/json")
		answer, err := s.HTTP.Do(q)
		if err != nil {
			continue
		}
		told, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode >= 500 {
			continue
		}
		r.Status = answer.StatusCode
		return r, json.Unmarshal(told, &r.Body)
	}
	return r, ctx.Err()
}

// issue orders a certificate and waits until it is there, once.
func (p *pair) issue(ctx context.Context, host string, names ...string) error {
	r, err := p.send(ctx, "POST", "/certificates/web/create", object{"policy": ec("ca", host, append([]string{host}, names...)...)})
	if err != nil || r.Status != 202 && r.Status != 409 { // 409: the first one was heard
		return fmt.Errorf("create: %d %v %w", r.Status, r.Body, err)
	}
	for {
		r, err := p.send(ctx, "GET", "/certificates/web/pending", nil)
		if err != nil {
			return fmt.Errorf("the order is stuck: %v: %w", r.Body, err)
		}
		if status := r.Text("status"); status == "completed" {
			break
		} else if status != "inProgress" {
			return fmt.Errorf("the order ended: %v", r.Body)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the order is stuck: %v", r.Body)
		case <-time.After(100 * time.Millisecond):
		}
	}
	versions, err := p.send(ctx, "GET", "/certificates/web/versions", nil)
	if err != nil {
		return err
	}
	if made, _ := versions.Body["value"].([]any); len(made) != 1 {
		return fmt.Errorf("%d versions, want 1", len(made))
	}
	return p.wrong
}

// A tale is one order on a pair of its own; id sets its names apart.
type tale func(ctx context.Context, p *pair, id string) error

// tell tells it with a fault at a call, and returns how many calls there were
// and whether the fault was met.
func (tell tale) tell(t *testing.T, postgres, id string, at point) (calls int, met bool, err error) {
	ctx, stop := context.WithTimeout(t.Context(), within)
	defer stop()
	p := newPair(t, postgres)
	defer func() { _ = p.schema.Admin.Close(context.Background()) }() // there are many lives
	defer p.end()
	p.toll.plan = func(n int, _ string) fault {
		if n == at.call {
			return at.fault
		}
		return none
	}
	if err := tell(ctx, p, id); err != nil {
		p.end()
		return 0, false, fmt.Errorf("%w\ncalls:\n%s%s", err, p.toll, p.said[max(0, len(p.said)-6000):])
	}
	calls = len(p.toll.passages(""))
	met = calls >= at.call && !p.gone
	if (at.fault.kills() || at.fault == loses) && met && p.fell != 1 {
		err = fmt.Errorf("%d servers fell", p.fell)
	}
	return calls, met, err
}

// pairs is how many pairs live at the same time. Most of their time they wait.
const pairs = 5

// tryPairs tells a tale once undisturbed, and then at every call with every fault,
// or some of them by chance: one of six times KILL_EVERY, and with 1 all.
func tryPairs(t *testing.T, tell tale) {
	t.Helper()
	postgres := sqltest.NewServer(t, sqltest.Postgres(t)[0]).URL()
	calls, _, err := tell.tell(t, postgres, "t0", point{})
	must.Do(t, err)
	var all []point
	for call := range calls {
		for _, f := range append([]fault{loses}, faults...) {
			all = append(all, point{call + 1, f})
		}
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	picked := all
	if n := every(t); n > 1 {
		picked = all[:(len(all)+6*n-1)/(6*n)]
	}
	began, met := time.Now(), 0
	var mu sync.Mutex
	var busy sync.WaitGroup
	turns := make(chan struct{}, pairs)
	for i, at := range picked {
		turns <- struct{}{}
		busy.Go(func() {
			defer func() { <-turns }()
			_, was, err := tell.tell(t, postgres, fmt.Sprintf("t%d", i+1), at)
			mu.Lock()
			defer mu.Unlock()
			if was {
				met++
			}
			if err != nil {
				t.Errorf("call %d, %s: %v", at.call, at.fault, err)
			}
		})
	}
	busy.Wait()
	t.Logf("%d calls: %d points of %d over two servers, %d met, %v", calls, len(picked), len(all), met, time.Since(began).Round(time.Second))
	if !t.Failed() && met < len(picked)*3/4 {
		t.Error("too few faults befell anybody")
	}
}
