package seal

import (
	"bytes"
	"context"
	"errors"
	"strings"
)

// A KEK is a key-encryption key. It wraps keysets of data keys and nothing else,
// so that it is asked at the start and when keys change, not for each value.
// Implementations are safe for concurrent use, bound in time what they ask of
// others, and show neither keys nor tokens in their errors.
type KEK interface {
	// ID names the key, its kind first, as in transit:bao.example.org:8200/transit/certwright.
	ID() string
	// Wrap encrypts plain and binds it to ad.
	Wrap(ctx context.Context, plain, ad []byte) ([]byte, error)
	// Unwrap decrypts what Wrap returned for the same ad, also under an earlier version of the key.
	Unwrap(ctx context.Context, wrapped, ad []byte) ([]byte, error)
}

// ErrUnavailable is wrapped by errors of a KEK that may pass: it cannot be
// reached now, is sealed itself or not ready. All others stay until somebody
// changes something.
var ErrUnavailable = errors.New("the key-encryption key cannot be used now")

// Try has a key-encryption key wrap something and open it again.
func Try(ctx context.Context, kek KEK) error {
	probe, ad := []byte("certwright: does the key work?"), []byte("seal/try")
	wrapped, err := kek.Wrap(ctx, probe, ad)
	if err != nil {
		return err
	}
	plain, err := kek.Unwrap(ctx, wrapped, ad)
	if err == nil && !bytes.Equal(plain, probe) {
		err = errors.New("the key opens to something else than what it wrapped")
	}
	return err
}

// maxWrapped bounds what is wrapped, and what a KEK may answer.
const maxWrapped = 64 << 10

// kindOf is the kind in the id of a KEK.
func kindOf(id string) string {
	kind, _, _ := strings.Cut(id, ":")
	return kind
}

// A wrapper is a KEK as Tink wants one. It keeps the error, whose kind Tink does not.
type wrapper struct {
	KEK
	failed error
}

// EncryptWithContext implements tink.AEADWithContext.
func (w *wrapper) EncryptWithContext(ctx context.Context, plain, ad []byte) (out []byte, err error) {
	out, w.failed = w.Wrap(ctx, plain, ad)
	return out, w.failed
}

// DecryptWithContext implements tink.AEADWithContext.
func (w *wrapper) DecryptWithContext(ctx context.Context, wrapped, ad []byte) (out []byte, err error) {
	out, w.failed = w.Unwrap(ctx, wrapped, ad)
	return out, w.failed
}
