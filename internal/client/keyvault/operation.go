package keyvault

import (
	"context"
	"net/http"
	"time"
)

// The states of an operation.
const (
	InProgress = "inProgress"
	Completed  = "completed"
	Cancelled  = "cancelled"
	Failed     = "failed"
)

// An Operation is what is pending of a certificate, or ended last.
type Operation struct {
	ID     ID `json:"id"`
	Issuer struct {
		Name string `json:"name"`
	} `json:"issuer"`
	CSR             []byte   `json:"csr"` // DER
	CancelRequested bool     `json:"cancellation_requested"`
	Status          string   `json:"status"`
	Details         string   `json:"status_details,omitempty"`
	Error           *Failure `json:"error,omitempty"`
	Target          ID       `json:"target,omitempty"`
	RequestID       string   `json:"request_id"`

	Again time.Duration `json:"-"` // when the vault says to look again; 0: it does not
}

// A Failure is why an operation ended without a version.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// A Create is what a new version is asked for with.
type Create struct {
	Policy     *Policy           `json:"policy,omitempty"`
	Attributes *Attributes       `json:"attributes,omitempty"`
	Tags       map[string]string `json:"tags,omitempty"`
}

// Create begins an operation, at the end of which there is a new version.
func (s Operations) Create(ctx context.Context, name string, in Create) (Operation, error) {
	return s.ask(ctx, http.MethodPost, in, name, "create")
}

// Get returns what is pending, or ended last.
func (s Operations) Get(ctx context.Context, name string) (Operation, error) {
	return s.ask(ctx, http.MethodGet, nil, name, "pending")
}

// Cancel asks that it be cancelled; until the issuer has said so it goes on.
func (s Operations) Cancel(ctx context.Context, name string) (Operation, error) {
	return s.ask(ctx, http.MethodPatch, struct {
		Cancel bool `json:"cancellation_requested"`
	}{true}, name, "pending")
}

// Delete removes what is pending without a word to the issuer.
func (s Operations) Delete(ctx context.Context, name string) (Operation, error) {
	return s.ask(ctx, http.MethodDelete, nil, name, "pending")
}

func (s Operations) ask(ctx context.Context, method string, in any, name, what string) (o Operation, err error) {
	at, err := named(name, ofCertificates, what)
	if err != nil {
		return o, err
	}
	a, err := s.c.call(ctx, request{method: method, path: at, in: in}, &o)
	o.Again, _ = retryAfter(a.header)
	return o, err
}

// Merge completes an operation with a certificate that was signed elsewhere:
// the leaf and its chain (DER).
func (s Operations) Merge(ctx context.Context, name string, chain [][]byte) (Certificate, error) {
	return object[Certificate](ctx, s.c, http.MethodPost, struct {
		X5C [][]byte `json:"x5c"`
	}{chain}, name, ofCertificates, "pending", "merge")
}
