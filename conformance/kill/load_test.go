package kill_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"certwright/conformance/process"

	"software.sslmate.com/src/go-pkcs12"
)

// state is what the server acknowledged last about a name.
type state string

const (
	ordered state = "ordered" // 202: the pending request with that id
	issued  state = "issued"  // a version with that certificate
	deleted state = "deleted"
	purged  state = "purged"
)

// A fact is what must be true of a name after the server comes back.
type fact struct {
	name   string
	is     state
	next   state  // a request that was under way: this may be true instead; "" for none
	id     string // request id, once ordered
	manual bool   // issuer Unknown: waits for a merge for ever
	cer    string // once issued
	made   int    // versions that may exist: orders and imports acknowledged or under way
}

// A ledger holds all facts.
type ledger struct {
	mu    sync.Mutex
	facts map[string]*fact
	wrong []string // answers that should not have been
}

func (l *ledger) complain(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
}

// A hand works on names of its own until the server dies.
type hand struct {
	*process.Process
	*ledger
	prefix string
	count  int
	random *mathrand.Rand
	pfx    string
	pfxCer string
}

func (h *hand) work(ctx context.Context) {
	stories := []func(context.Context, *fact) bool{h.self, h.byIssuer, h.byHand, h.imported}
	for ctx.Err() == nil {
		h.count++
		f := &fact{name: fmt.Sprintf("%s-%d", h.prefix, h.count)}
		h.mu.Lock()
		h.facts[f.name] = f
		h.mu.Unlock()
		if !stories[h.random.IntN(len(stories))](ctx, f) {
			return
		}
		if h.random.IntN(3) == 0 && !h.remove(ctx, f) {
			return
		}
	}
}

// step does a request that leads to a next state, and notes the state once it
// is acknowledged. false: the server is gone.
func (h *hand) step(ctx context.Context, f *fact, next state, want int, method, path string, body any) (process.Reply, bool) {
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
	return r, true
}

func policy(issuer string) map[string]any {
	return map[string]any{"policy": map[string]any{"key_props": map[string]any{"kty": "EC"}, "x509_props": map[string]any{"subject": "CN=kill"},
		"issuer": map[string]any{"name": issuer}}}
}

func (h *hand) order(ctx context.Context, f *fact, issuer string) (process.Reply, bool) {
	f.made++
	r, ok := h.step(ctx, f, ordered, 202, "POST", "/certificates/"+f.name+"/create", policy(issuer))
	if ok {
		f.id = r.Text("request_id")
	}
	return r, ok
}

// self orders, and mostly looks at the order once, which finishes it.
func (h *hand) self(ctx context.Context, f *fact) bool {
	if _, ok := h.order(ctx, f, "Self"); !ok || h.random.IntN(4) == 0 {
		return ok
	}
	r, err := h.Send(ctx, "GET", "/certificates/"+f.name+"/pending", nil)
	if err == nil && r.Text("status") != "completed" {
		h.complain("GET of a Self order %s: %d %v", f.name, r.Status, r.Body)
	}
	return err == nil
}

func (h *hand) byIssuer(ctx context.Context, f *fact) bool {
	_, ok := h.order(ctx, f, []string{"own", "prompt", "slow", "flaky"}[h.random.IntN(4)])
	return ok
}

func (h *hand) byHand(ctx context.Context, f *fact) bool {
	f.manual = true
	r, ok := h.order(ctx, f, "Unknown")
	if !ok || h.random.IntN(4) == 0 {
		return ok
	}
	leaf, err := sign(r.Text("csr"))
	if err != nil {
		h.complain("sign %s: %v", f.name, err)
		return false
	}
	f.cer = leaf
	_, ok = h.step(ctx, f, issued, 201, "POST", "/certificates/"+f.name+"/pending/merge", map[string]any{"x5c": []string{leaf}})
	return ok
}

func (h *hand) imported(ctx context.Context, f *fact) bool {
	f.made++
	f.cer = h.pfxCer
	_, ok := h.step(ctx, f, issued, 200, "POST", "/certificates/"+f.name+"/import", map[string]any{"value": h.pfx})
	return ok
}

func (h *hand) remove(ctx context.Context, f *fact) bool {
	if _, ok := h.step(ctx, f, deleted, 200, "DELETE", "/certificates/"+f.name, nil); !ok || h.random.IntN(2) == 0 {
		return ok
	}
	_, ok := h.step(ctx, f, purged, 204, "DELETE", "/deletedcertificates/"+f.name, nil)
	return ok
}

// sign issues a leaf for a CSR, base64 both.
func sign(csr string) (string, error) {
	der, err := base64.StdEncoding.DecodeString(csr)
	if err != nil {
		return "", err
	}
	q, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return "", err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	t := template()
	leaf, err := x509.CreateCertificate(rand.Reader, t, t, q.PublicKey, key)
	return base64.StdEncoding.EncodeToString(leaf), err
}

func template() *x509.Certificate {
	return &x509.Certificate{SerialNumber: big.NewInt(mathrand.Int64()), Subject: pkix.Name{CommonName: "kill"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0)}
}

// newPFX makes something to import: base64 of the PFX and of the certificate.
func newPFX() (pfx, cer string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	t := template()
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return "", "", err
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return "", "", err
	}
	b, err := pkcs12.LegacyDES.Encode(key, c, nil, "")
	return base64.StdEncoding.EncodeToString(b), base64.StdEncoding.EncodeToString(der), err
}
