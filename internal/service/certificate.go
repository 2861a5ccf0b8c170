package service

import (
	"context"

	"certwright/internal/order"
	"certwright/internal/vault"
)

// Create asks for a certificate's next version, or for its first.
func (s *Certificates) Create(ctx context.Context, who vault.Caller, ref vault.Ref, in CreateInput) (vault.Operation, error) {
	if err := s.enter(ctx, who, actions[vault.Certificates].create, ref); err != nil {
		return vault.Operation{}, err
	}
	return s.Orders.Create(ctx, ref, in)
}

// Import stores a certificate with its key, brought from outside, as
// a new version.
func (s *Certificates) Import(ctx context.Context, who vault.Caller, ref vault.Ref, in ImportInput) (b Bundle, err error) {
	if err := s.enter(ctx, who, actions[vault.Certificates].importing, ref); err != nil {
		return b, err
	}
	if err := s.Orders.Import(ctx, ref, in, s.reading(&b)); err != nil {
		return Bundle{}, err
	}
	return b, nil
}

// Merge completes the pending operation with a certificate that was
// made elsewhere for its CSR.
func (s *Certificates) Merge(ctx context.Context, who vault.Caller, ref vault.Ref, in MergeInput) (b Bundle, err error) {
	if err := s.enter(ctx, who, actions[vault.Certificates].create, ref); err != nil {
		return b, err
	}
	if err := s.Orders.Merge(ctx, ref, in, s.reading(&b)); err != nil {
		return Bundle{}, err
	}
	return b, nil
}

// GetOperation returns the pending operation of a certificate, finishing it
// first where nothing is left to wait for. requestID is a filter; "" names any.
func (s *Certificates) GetOperation(ctx context.Context, who vault.Caller, ref vault.Ref, requestID string) (vault.Operation, error) {
	if err := s.enter(ctx, who, actions[vault.Certificates].get, ref); err != nil {
		return vault.Operation{}, err
	}
	return s.Orders.Operation(ctx, ref, requestID)
}

// UpdateOperation asks for the operation to be cancelled, or takes that back.
func (s *Certificates) UpdateOperation(ctx context.Context, who vault.Caller, ref vault.Ref, requestID string, cancel bool) (vault.Operation, error) {
	if err := s.enter(ctx, who, actions[vault.Certificates].update, ref); err != nil {
		return vault.Operation{}, err
	}
	return s.Orders.RequestCancel(ctx, ref, requestID, cancel)
}

// DeleteOperation removes the operation, whatever its state, and returns its
// last state. The certificate stays.
func (s *Certificates) DeleteOperation(ctx context.Context, who vault.Caller, ref vault.Ref, requestID string) (vault.Operation, error) {
	if err := s.enter(ctx, who, actions[vault.Certificates].update, ref); err != nil {
		return vault.Operation{}, err
	}
	return s.Orders.Delete(ctx, ref, requestID)
}

// reading reads the latest version of a certificate into b.
func (s *Certificates) reading(b *Bundle) order.Reading {
	return func(r vault.Reader, head vault.Object) (err error) {
		*b, err = s.bundle(r, head, "")
		return err
	}
}
