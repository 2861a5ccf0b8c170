package engine

import (
	"errors"
	"fmt"
	"time"

	"certwright/internal/vault"
)

// One turns ErrNotFound into the refusal that a caller must see.
func One[T any](v T, err error, refusal *vault.Error) (T, error) {
	if errors.Is(err, vault.ErrNotFound) {
		return v, refusal
	}
	return v, err
}

// Found splits "there is no such row" from a fault.
func Found[T any](v T, err error) (T, bool, error) {
	if errors.Is(err, vault.ErrNotFound) {
		return v, false, nil
	}
	return v, err == nil, err
}

// Existing returns the head of an object that is neither missing nor deleted.
func Existing(r vault.Reader, ref vault.Ref) (vault.Object, error) {
	o, err := r.Object(ref)
	if err == nil && o.Deletion != nil {
		err = vault.ErrNotFound
	}
	return One(o, err, vault.NoSuchObject(ref))
}

// Deleted returns the head of a soft-deleted object.
func Deleted(r vault.Reader, ref vault.Ref) (vault.Object, error) {
	o, err := r.Object(ref)
	if err == nil && o.Deletion == nil {
		err = vault.ErrNotFound
	}
	return One(o, err, vault.NoSuchDeleted(ref))
}

// Version returns the version asked for, the latest for "".
func Version(r vault.Reader, o vault.Object, id string) (vault.Version, error) {
	want := id
	if want == "" {
		want = o.Latest
	}
	v, err := r.Version(o.Ref, want)
	if errors.Is(err, vault.ErrNotFound) && id == "" {
		return v, fmt.Errorf("latest version of %s is missing: %w", o.Ref, err)
	}
	return One(v, err, vault.NoSuchVersion(vault.Ref{Vault: o.Vault, Kind: o.Kind, Name: o.Name}, id))
}

// Shapes are the kinds that belong together: a certificate with its key and
// secret; a plain key or secret alone.
func Shapes(k vault.Kind) []vault.Kind {
	if k == vault.Certificates {
		return []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets}
	}
	return []vault.Kind{k}
}

// EachShape does something to every head that belongs to the object.
func EachShape(tx vault.Tx, ref vault.Ref, do func(vault.Object) error) error {
	for _, k := range Shapes(ref.Kind) {
		head, ok, err := Found(tx.Object(ref.As(k)))
		if err != nil {
			return err
		}
		if !ok || k != ref.Kind && !head.Managed {
			continue
		}
		if err := do(head); err != nil {
			return err
		}
	}
	return nil
}

// DatedApart dates a version later than the one before it. Lists come in order
// of id, so clients sort by created to find the newest; two versions made
// within a second must not tie.
func DatedApart(r vault.Reader, ref vault.Ref, previous string, a vault.Attributes) (vault.Attributes, error) {
	if previous == "" {
		return a, nil
	}
	before, err := r.Version(ref, previous)
	if err != nil {
		return a, err
	}
	if first := before.Attributes.Created.Add(time.Second); a.Created.Before(first) {
		a.Created, a.Updated = first, first
	}
	return a, nil
}
