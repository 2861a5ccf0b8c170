package ledger

import (
	"context"
	"fmt"
	"math/rand/v2"

	"certwright/conformance/process"
)

// A Hand works on names of its own.
type Hand struct {
	Server
	*Ledger
	Prefix  string // of its names
	Random  *rand.Rand
	Issuers []string // of orders, beside Self and Unknown
	Renews  string   // the issuer that certificates are renewed by which are about to end; "" for none
	Stays   bool     // an outcome that is not known has it go on with another name: other servers are there
	Brings  Brought

	count int
}

// Work works until the context ends, or the server is gone.
func (h *Hand) Work(ctx context.Context) {
	stories := []func(context.Context, *fact) bool{h.self, h.byIssuer, h.byHand, h.imported}
	if h.Renews != "" {
		stories = append(stories, h.renewing)
	}
	for ctx.Err() == nil {
		h.count++
		f := h.open(fmt.Sprintf("%s-%d", h.Prefix, h.count))
		ok := stories[h.Random.IntN(len(stories))](ctx, f)
		if ok && h.Random.IntN(3) == 0 {
			ok = h.remove(ctx, f)
		}
		if !ok && !h.Stays {
			return
		}
	}
}

// step does a request that leads to a next state, and notes the state once it
// is acknowledged. false: the outcome is not known.
func (h *Hand) step(ctx context.Context, f *fact, next state, want int, method, path string, body any) (process.Reply, bool) {
	f.next = next
	r, err := h.Send(ctx, method, path, body)
	if err != nil {
		return r, false
	}
	if r.Status != want {
		h.complain("%s %s: %d %v, want %d", method, path, r.Status, r.Body, want)
		return r, false
	}
	f.is, f.next = next, ""
	f.writes++
	return r, true
}

type object = map[string]any

// policy is that of a certificate for a host of the name.
func policy(name, issuer string) object {
	host := name + ".example.test"
	return object{"key_props": object{"kty": "EC"}, "issuer": object{"name": issuer},
		"x509_props": object{"subject": "CN=" + host, "sans": object{"dns_names": []string{host}}}}
}

func (h *Hand) order(ctx context.Context, f *fact, issuer string) (process.Reply, bool) {
	f.made++
	f.issuer = issuer
	r, ok := h.step(ctx, f, ordered, 202, "POST", "/certificates/"+f.name+"/create", object{"policy": policy(f.name, issuer)})
	if ok {
		f.id = r.Text("request_id")
	}
	return r, ok
}

// self orders, and mostly looks at the order once, which finishes it.
func (h *Hand) self(ctx context.Context, f *fact) bool {
	if _, ok := h.order(ctx, f, "Self"); !ok || h.Random.IntN(4) == 0 {
		return ok
	}
	r, err := h.Send(ctx, "GET", "/certificates/"+f.name+"/pending", nil)
	if err == nil && r.Text("status") != "completed" && !h.Stays { // another server may be at it
		h.complain("GET of a Self order %s: %d %v", f.name, r.Status, r.Body)
	}
	return err == nil
}

func (h *Hand) byIssuer(ctx context.Context, f *fact) bool {
	_, ok := h.order(ctx, f, h.Issuers[h.Random.IntN(len(h.Issuers))])
	return ok
}

func (h *Hand) byHand(ctx context.Context, f *fact) bool {
	f.manual = true
	r, ok := h.order(ctx, f, "Unknown")
	if !ok || h.Random.IntN(4) == 0 {
		return ok
	}
	leaf, err := sign(r.Text("csr"))
	if err != nil {
		h.complain("sign %s: %v", f.name, err)
		return false
	}
	f.cer = leaf
	_, ok = h.step(ctx, f, issued, 201, "POST", "/certificates/"+f.name+"/pending/merge", object{"x5c": []string{leaf}})
	return ok
}

func (h *Hand) imported(ctx context.Context, f *fact) bool {
	f.made++
	f.cer = h.Brings.Certificate
	_, ok := h.step(ctx, f, issued, 200, "POST", "/certificates/"+f.name+"/import", object{"value": h.Brings.PFX})
	return ok
}

// renewing brings a certificate that is to be renewed in seconds.
func (h *Hand) renewing(ctx context.Context, f *fact) bool {
	short, err := bring(shortly)
	if err != nil {
		h.complain("make %s: %v", f.name, err)
		return false
	}
	p := policy(f.name, h.Renews)
	p["lifetime_actions"] = []object{{"trigger": object{"lifetime_percentage": 1}, "action": object{"action_type": "AutoRenew"}}}
	f.made, f.cer = 2, short.Certificate
	_, ok := h.step(ctx, f, renewed, 200, "POST", "/certificates/"+f.name+"/import", object{"value": short.PFX, "policy": p})
	return ok
}

func (h *Hand) remove(ctx context.Context, f *fact) bool {
	before := *f
	if _, ok := h.step(ctx, f, deleted, 200, "DELETE", "/certificates/"+f.name, nil); !ok {
		return false
	}
	switch h.Random.IntN(3) {
	case 0:
		_, ok := h.step(ctx, f, purged, 204, "DELETE", "/deletedcertificates/"+f.name, nil)
		return ok
	case 1:
		if before.is == issued { // an order ends with the deletion
			_, ok := h.step(ctx, f, issued, 200, "POST", "/deletedcertificates/"+f.name+"/recover", nil)
			return ok
		}
	}
	return true
}
