package order

import (
	"context"
	"errors"

	"certwright/internal/certs"
	"certwright/internal/vault"
)

// MergeInput brings the certificate for a pending request.
type MergeInput struct {
	X5C     []string // base64 of a certificate, PEM text or a PKCS#12 file each
	Enabled *bool
	Tags    map[string]string // nil: those of the create
}

// Merge completes the pending operation with a certificate that was
// made elsewhere for its CSR. A leaf that does not fit changes nothing.
func (s *Orders) Merge(ctx context.Context, ref vault.Ref, in MergeInput, read Reading) error {
	var op vault.Operation
	err := s.viewOperation(ctx, ref, "", vault.NoPendingToEnd, func(_ vault.Object, was vault.Operation) error {
		op = was
		return op.MayMerge()
	})
	if err != nil {
		return err
	}
	made, err := s.merged(ctx, op, in)
	if err != nil {
		return err
	}
	return s.editOperation(ctx, ref, op.RequestID, vault.NoPendingToEnd, func(tx vault.Tx, o *vault.Object, current vault.Operation) error {
		if err := current.MayMerge(); err != nil {
			return err
		}
		o.DropJob(vault.JobIssue)
		if err := s.complete(tx, o, made.as(in.over(current)), current); err != nil {
			return err
		}
		return read(tx, *o)
	})
}

// merged makes the version from the chain that was brought.
func (s *Orders) merged(ctx context.Context, op vault.Operation, in MergeInput) (newVersion, error) {
	if op.Private == nil { // a renewal that was refused before it had a key
		return newVersion{}, vault.MergeForbidden(op.IssuerName)
	}
	key, err := s.orderKey(op)
	if err != nil {
		return newVersion{}, err
	}
	chain, err := certs.ReadX5C(ctx, in.X5C)
	if err != nil {
		return newVersion{}, err
	}
	at, err := certs.FindLeaf(chain, key.PKIX())
	switch {
	case errors.Is(err, certs.ErrOtherKey):
		return newVersion{}, vault.WrongPublicKey()
	case err != nil:
		return newVersion{}, vault.BadX5C().Because(err)
	}
	leaf, err := certs.Parse(chain[at])
	if err != nil {
		return newVersion{}, vault.BadX509().Because(err)
	}
	return s.makeVersion(material{ref: op.Ref, key: key, leaf: leaf, chain: keptChain(chain, at, op.PreserveOrder), policy: op.Policy,
		preserveOrder: op.PreserveOrder, now: s.Now()})
}

// over is the operation with what the merge says of its version.
func (in MergeInput) over(op vault.Operation) vault.Operation {
	if in.Enabled != nil {
		op.Enabled = *in.Enabled
	}
	if in.Tags != nil {
		op.Tags = in.Tags
	}
	return op
}
