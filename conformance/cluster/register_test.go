package cluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"certwright/conformance/ledger"
	"certwright/conformance/process"
)

// A history is what callers asked of names that all of them use, and what they
// were answered, each with its times: the names must behave as if every request
// had been done at one moment between question and answer (linearizability).
type history struct {
	began time.Time
	mu    sync.Mutex
	ops   []porcupine.Operation
	epoch atomic.Int64 // of the names: each sees one fault or two
}

// unended is the end of a request that may be done at any time, or never.
const unended = int64(1) << 62

// ask does a request and writes it down.
func (h *history) ask(c client, caller int, in asked) {
	path, method, body := in.request()
	call := time.Since(h.began).Nanoseconds()
	r, err := c.once(method, path, body)
	op := porcupine.Operation{ClientId: caller, Input: in, Call: call, Output: got{unknown: true}, Return: unended}
	switch {
	case err == nil:
		op.Return, op.Output = time.Since(h.began).Nanoseconds(), gotOf(r)
	case method == "GET":
		return // it says nothing
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, op)
}

// work asks until the context ends. pairs are what it imports.
func (h *history) work(ctx context.Context, c client, caller int, brings []ledger.Brought) {
	for n := 0; ctx.Err() == nil; n++ {
		in := asked{name: fmt.Sprintf("s%d-%d", h.epoch.Load(), rand.N(4)), do: []string{"set", "get", "get", "get", "disable"}[rand.N(5)], value: fmt.Sprintf("%d-%d", caller, n)}
		if rand.N(3) == 0 {
			in.name, in.do = fmt.Sprintf("c%d-%d", h.epoch.Load(), rand.N(2)), []string{"create", "cancel", "import", "read", "read", "pending", "pending"}[rand.N(7)]
			in.brought = brings[rand.N(len(brings))]
		}
		h.ask(c, caller, in)
	}
}

// judge returns the names whose history cannot be, and how many names there were.
func (h *history) judge(t *testing.T) (names int, wrong []string) {
	t.Helper()
	for name, ops := range byName(h.ops) {
		names++
		if verdict := porcupine.CheckOperationsTimeout(register, ops, time.Minute); verdict != porcupine.Ok {
			text := ""
			for _, op := range ops {
				text += fmt.Sprintf("%12d %12d %v: %v\n", op.Call, op.Return, op.Input, op.Output)
			}
			wrong = append(wrong, fmt.Sprintf("the history of %s is not linearizable (%s):\n%s", name, verdict, text))
		}
	}
	return names, wrong
}

func byName(ops []porcupine.Operation) map[string][]porcupine.Operation {
	names := map[string][]porcupine.Operation{}
	for _, op := range ops {
		name := op.Input.(asked).name
		names[name] = append(names[name], op)
	}
	return names
}

// asked is a request for a name.
type asked struct {
	name, do, value string
	brought         ledger.Brought
}

// String leaves out what is long.
func (a asked) String() string { return a.do + " " + a.value }

func (a asked) request() (path, method string, body any) {
	secret, cert := "/secrets/"+a.name, "/certificates/"+a.name
	switch a.do {
	case "set":
		return secret, "PUT", object{"value": a.value}
	case "get":
		return secret, "GET", nil
	case "disable":
		return secret, "PATCH", object{"attributes": object{"enabled": false}}
	case "create":
		return cert + "/create", "POST", object{"policy": object{"key_props": object{"kty": "EC"}, "x509_props": object{"subject": "CN=" + a.name}, "issuer": object{"name": "Unknown"}}}
	case "cancel":
		return cert + "/pending", "PATCH", object{"cancellation_requested": true}
	case "import":
		return cert + "/import", "POST", object{"value": a.brought.PFX}
	case "pending":
		return cert + "/pending", "GET", nil
	}
	return cert, "GET", nil
}

// got is an answer, as far as it tells of the name's state.
type got struct {
	unknown   bool
	status    int
	text      string // the secret's value, the certificate, or how the operation is
	id        string // of the operation
	cancelled bool   // it was asked to be
}

func gotOf(r process.Reply) got {
	g := got{status: r.Status, id: r.Text("request_id"), text: r.Text("value") + r.Text("status")}
	if g.id == "" {
		g.text += r.Text("cer")
	}
	g.cancelled, _ = r.Body["cancellation_requested"].(bool)
	return g
}

// String shows the beginning of a certificate.
func (g got) String() string {
	if g.unknown {
		return "unknown"
	}
	return strings.TrimSpace(fmt.Sprintf("%d %.60s %s %v", g.status, g.text, g.id, g.cancelled))
}
