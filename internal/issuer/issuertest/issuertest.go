// Package issuertest is the judge of issuers: one conformance suite that every
// provider passes, the scripted one and the real ones alike. It knows the
// contract in vault/issuer.go and nothing of any provider. Begin with Run.
package issuertest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"certwright/internal/vault"
)

// A Case says how to set up one provider for the suite. Scenarios that a
// provider cannot play are left nil and said so by Missing.
type Case struct {
	// New returns a fresh issuer, and the issuer resource that orders use.
	New func(t *testing.T) (vault.Issuer, vault.IssuerConfig)
	// Again returns the issuer as another process would have it, after a crash
	// of the first: same accounts, same server, no memory.
	Again func(t *testing.T, first vault.Issuer) vault.Issuer
	// Pass lets time pass at the provider, by d, between two steps.
	Pass func(t *testing.T, d time.Duration)
	// Reject, Fault, Unreachable and Hold return an issuer that will refuse the
	// order as the user's fault, fail by its own, be out of reach for the first
	// two steps, and leave the order waiting.
	Reject, Fault, Unreachable, Hold func(t *testing.T) (vault.Issuer, vault.IssuerConfig)
	// Names are the DNS names of the orders; default one under example.test.
	Names []string
}

const maxSteps = 100

// Run puts the provider through the contract.
func Run(t *testing.T, c Case) {
	if c.Names == nil {
		c.Names = []string{"www.example.test"}
	}
	t.Run("issues for RSA and EC", c.issues)
	t.Run("another process goes on from saved state after every step", c.resumes)
	t.Run("the same step twice does no harm", c.repeats)
	t.Run("a step that is cut off tells so and changes nothing", c.cutOff)
	t.Run("orders side by side", c.sideBySide)
	t.Run("refusal is a progress", func(t *testing.T) { c.refuses(t, c.Reject, vault.RequestRejected) })
	t.Run("fault is a progress", func(t *testing.T) { c.refuses(t, c.Fault, vault.IssuerFault) })
	t.Run("unreachable is an error that passes", c.outage)
	t.Run("a held order waits and can be withdrawn", c.withdraws)
}

// walk steps an order to its end, saving and handing on state as the engine does.
func (c Case) walk(t *testing.T, o vault.Order, next func(step int) vault.Issuer) vault.Progress {
	t.Helper()
	for step := range maxSteps {
		before := copyOrder(o)
		p, err := next(step).Step(t.Context(), o)
		if !reflect.DeepEqual(before, o) {
			t.Fatalf("step %d changed the order it was given", step)
		}
		if err != nil {
			o.Attempt++
			c.pass(t, &o, retryAfter(err))
			continue
		}
		checkShape(t, p)
		if p.Chain != nil || p.Failure != nil || p.Cancelled {
			return p
		}
		o.State, o.Attempt = p.State, 0
		c.pass(t, &o, max(p.Again, time.Second))
	}
	t.Fatalf("no end after %d steps", maxSteps)
	return vault.Progress{}
}

func (c Case) pass(t *testing.T, o *vault.Order, d time.Duration) {
	o.Now = o.Now.Add(d)
	if c.Pass != nil {
		c.Pass(t, d)
	}
}

func (c Case) issues(t *testing.T) {
	for name, key := range keys(t) {
		t.Run(name, func(t *testing.T) {
			issuer, cfg := c.New(t)
			o := c.order(t, cfg, key)
			checkIssued(t, c.walk(t, o, func(int) vault.Issuer { return issuer }), key, c.Names)
		})
	}
}

func (c Case) resumes(t *testing.T) {
	issuer, cfg := c.New(t)
	key := keys(t)["EC"]
	checkIssued(t, c.walk(t, c.order(t, cfg, key), func(step int) vault.Issuer {
		if step > 0 {
			issuer = c.Again(t, issuer)
		}
		return issuer
	}), key, c.Names)
}

func (c Case) repeats(t *testing.T) {
	issuer, cfg := c.New(t)
	key := keys(t)["EC"]
	checkIssued(t, c.walk(t, c.order(t, cfg, key), func(int) vault.Issuer { return twice{issuer} }), key, c.Names)
}

// twice loses the first answer of every step, as a crash before the save does.
type twice struct{ vault.Issuer }

func (i twice) Step(ctx context.Context, o vault.Order) (vault.Progress, error) {
	_, _ = i.Issuer.Step(ctx, copyOrder(o))
	return i.Issuer.Step(ctx, o)
}

func (c Case) cutOff(t *testing.T) {
	issuer, cfg := c.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	key := keys(t)["EC"]
	o := c.order(t, cfg, key)
	if p, err := issuer.Step(ctx, o); err == nil {
		t.Fatalf("a step without time succeeded: %+v", p)
	}
	checkIssued(t, c.walk(t, o, func(int) vault.Issuer { return issuer }), key, c.Names)
}

func (c Case) sideBySide(t *testing.T) {
	issuer, cfg := c.New(t)
	key := keys(t)["EC"]
	orders := make([]vault.Order, 4)
	for i := range orders {
		orders[i] = c.order(t, cfg, key)
	}
	var all sync.WaitGroup
	for _, o := range orders {
		all.Go(func() {
			for range maxSteps {
				p, err := issuer.Step(t.Context(), o)
				if err == nil && (p.Chain != nil || p.Failure != nil) {
					if p.Chain == nil {
						t.Errorf("order %s: %+v", o.ID, p.Failure)
					}
					return
				}
				o.State = p.State
			}
		})
	}
	all.Wait()
}

func (c Case) refuses(t *testing.T, make func(*testing.T) (vault.Issuer, vault.IssuerConfig), code string) {
	issuer, cfg := make(t)
	p := c.walk(t, c.order(t, cfg, keys(t)["EC"]), func(int) vault.Issuer { return issuer })
	if p.Failure == nil || p.Failure.Code != code || p.Failure.Message == "" {
		t.Errorf("failure = %+v, want code %q and a message", p.Failure, code)
	}
}

func (c Case) outage(t *testing.T) {
	issuer, cfg := c.Unreachable(t)
	key := keys(t)["EC"]
	o := c.order(t, cfg, key)
	if p, err := issuer.Step(t.Context(), o); err == nil {
		t.Fatalf("an issuer out of reach answered %+v, want an error", p)
	}
	checkIssued(t, c.walk(t, o, func(int) vault.Issuer { return issuer }), key, c.Names)
}

func (c Case) withdraws(t *testing.T) {
	issuer, cfg := c.Hold(t)
	o := c.order(t, cfg, keys(t)["EC"])
	p, err := issuer.Step(t.Context(), o)
	if err != nil || p.Chain != nil || p.Failure != nil || p.Again <= 0 {
		t.Fatalf("held order: %+v, %v; want to be asked again later", p, err)
	}
	canceler, ok := issuer.(vault.Canceler)
	if !ok {
		return // optional by contract
	}
	o.State, o.CancelRequested = p.State, true
	if p, err = canceler.Cancel(t.Context(), o); err != nil || !p.Cancelled {
		t.Errorf("cancel of a held order: %+v, %v; want cancelled", p, err)
	}
}

func (c Case) order(t *testing.T, cfg vault.IssuerConfig, key crypto.Signer) vault.Order {
	t.Helper()
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: c.Names[0]}, DNSNames: c.Names}, key)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	policy := vault.NewPolicy(vault.PolicyPatch{}, now)
	policy.X509.Subject = "CN=" + c.Names[0]
	policy.X509.SANs = &vault.SANs{DNS: c.Names}
	return vault.Order{ID: vault.NewID(), Ref: vault.Ref{Vault: "default", Kind: vault.Certificates, Name: "web"}, CSR: csr,
		Policy: policy, Issuer: cfg, Created: now, Now: now}
}

func checkShape(t *testing.T, p vault.Progress) {
	t.Helper()
	n := 0
	for _, end := range []bool{p.Chain != nil, p.Failure != nil, p.Cancelled} {
		if end {
			n++
		}
	}
	if n > 1 {
		t.Errorf("more than one end: %+v", p)
	}
}

func checkIssued(t *testing.T, p vault.Progress, key crypto.Signer, names []string) {
	t.Helper()
	if len(p.Chain) == 0 {
		t.Fatalf("not issued: %+v", p)
	}
	leaf, err := x509.ParseCertificate(p.Chain[0])
	if err != nil {
		t.Fatalf("leaf: %v", err)
	}
	if want, got := public(t, key.Public()), public(t, leaf.PublicKey); !bytes.Equal(want, got) {
		t.Error("the leaf's key is not the request's")
	}
	for _, n := range names {
		if err := leaf.VerifyHostname(n); err != nil {
			t.Error(err)
		}
	}
	for i := range len(p.Chain) - 1 {
		checkSigned(t, p.Chain[i], p.Chain[i+1])
	}
}

func checkSigned(t *testing.T, child, parent []byte) {
	t.Helper()
	a, err := x509.ParseCertificate(child)
	b, err2 := x509.ParseCertificate(parent)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	if err := a.CheckSignatureFrom(b); err != nil {
		t.Errorf("%s is not signed by %s: %v", a.Subject, b.Subject, err)
	}
}

func public(t *testing.T, k any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func keys(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	r, err := rsaKey()
	e, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	return map[string]crypto.Signer{"RSA": r, "EC": e}
}

func retryAfter(err error) time.Duration {
	var r *vault.RetryError
	if errors.As(err, &r) {
		return r.After
	}
	return time.Second
}

func copyOrder(o vault.Order) vault.Order {
	o.CSR, o.State, o.Previous = bytes.Clone(o.CSR), bytes.Clone(o.State), bytes.Clone(o.Previous)
	return o
}
