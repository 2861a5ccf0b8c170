package servicetest

import (
	"context"
	"encoding/base64"
	"sync"
	"testing"
	"time"

	"certwright/internal/certs"
	"certwright/internal/vault"
)

// Played is an issuer that answers steps one after the other; the last answer stands.
type Played struct {
	mu       sync.Mutex
	Steps    []Step
	OnCancel Step // nil: cancelled
	OnRevoke func(r vault.Revocation) error
	Limit    time.Duration // how long an order may wait at it; 0: for ever
	Asked    []vault.Order
	Cancels  []vault.Order
}

// A Step is one answer.
type Step = func(o vault.Order) (vault.Progress, error)

// Step gives the next answer.
func (p *Played) Step(_ context.Context, o vault.Order) (vault.Progress, error) {
	p.mu.Lock()
	p.Asked = append(p.Asked, o)
	step := p.Steps[0]
	if len(p.Steps) > 1 {
		p.Steps = p.Steps[1:]
	}
	p.mu.Unlock()
	return step(o)
}

// Cancel takes an order back.
func (p *Played) Cancel(_ context.Context, o vault.Order) (vault.Progress, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Cancels = append(p.Cancels, o)
	if p.OnCancel == nil {
		return vault.Progress{Cancelled: true}, nil
	}
	return p.OnCancel(o)
}

// PendingLimit is how long an order may wait.
func (p *Played) PendingLimit() time.Duration { return p.Limit }

// Revoke revokes a version.
func (p *Played) Revoke(_ context.Context, r vault.Revocation) error { return p.OnRevoke(r) }

// Waits is a step that gets so far.
func Waits(p vault.Progress) Step {
	return func(vault.Order) (vault.Progress, error) { return p, nil }
}

// Fails is a step that cannot be taken.
func Fails(err error) Step {
	return func(vault.Order) (vault.Progress, error) { return vault.Progress{}, err }
}

// Refusal is how far an order gets that the authority refuses.
var Refusal = vault.Progress{Failure: &vault.Failure{Code: vault.RequestRejected, Message: "CAA forbids it."}}

// Playing is a house whose issuer mydigicert answers as told.
func Playing(t testing.TB, steps ...Step) (*House, *Played) {
	t.Helper()
	h := NewHouse(t)
	p := &Played{Steps: steps}
	h.SetProvider(p)
	h.SetIssuer(t, "")
	return h, p
}

// Renewing is a house whose certificate Web was ordered from mydigicert, which
// issues it for a year; it renews at 80 percent.
func Renewing(t testing.TB) (*House, *Played) {
	t.Helper()
	h, p := Playing(t)
	p.Steps = []Step{h.Issues}
	h.Create(t, Web, Lives("mydigicert", 12, RenewAt(80)))
	return h, p
}

// SetProvider gives every issuer of the house this provider; nil: it is gone.
func (h *House) SetProvider(i vault.Issuer) {
	h.Orders.Issuers.Find = func(string) vault.Issuer { return i }
}

// Failing is a house whose renewal of Web at 80 percent was refused again and again.
func Failing(t testing.TB) (*House, *Played) {
	t.Helper()
	h, p := Renewing(t)
	h.Pass(t, Day)
	p.Steps = []Step{Waits(Refusal)}
	h.Pass(t, 300*Day)
	return h, p
}

// Issues is a step that issues for a year as order 9.
func (h *House) Issues(o vault.Order) (vault.Progress, error) {
	p, err := h.Deliver(o.CSR, 12, o.Now)
	p.Ref, p.Notes = []byte("order 9"), []string{"order 9 is issued"}
	return p, err
}

// Deliver signs a request for so many months from a time.
func (h *House) Deliver(csr []byte, months int, from time.Time) (vault.Progress, error) {
	leaf, err := h.Authority.Issue(csr, months, from)
	return vault.Progress{Chain: [][]byte{leaf, h.Authority.Certificate}}, err
}

// AuthorityFrom makes the house's authority an older one.
func (h *House) AuthorityFrom(t testing.TB, at time.Time) {
	t.Helper()
	var err error
	h.Authority, err = certs.NewAuthority("Test Issuing CA", at)
	Must(t, err)
}

// LeafFor answers a CSR as a CA elsewhere would.
func (h *House) LeafFor(t testing.TB, csr []byte) string {
	t.Helper()
	der, err := h.Authority.Issue(csr, 12, Noon)
	Must(t, err)
	return base64.StdEncoding.EncodeToString(der)
}
