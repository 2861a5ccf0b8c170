package engine

import (
	"cmp"
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

// RefuseMissing turns ErrNotFound into the refusal that a caller must see.
func RefuseMissing(err error, refusal *vault.Error) error {
	_, err = One(struct{}{}, err, refusal)
	return err
}

// Found splits "there is no such row" from a fault.
func Found[T any](v T, err error) (T, bool, error) {
	if errors.Is(err, vault.ErrNotFound) {
		return v, false, nil
	}
	return v, err == nil, err
}

// Existing returns an object that is neither missing nor deleted.
func Existing(r vault.Reader, ref vault.Ref) (vault.Object, error) {
	o, err := r.Object(ref)
	if err == nil {
		return o, Live(o, ref)
	}
	return One(o, err, vault.NoSuchObject(ref))
}

// Live refuses an object that is deleted. The key and the secret of a certificate
// are there once its first version is.
func Live(o vault.Object, ref vault.Ref) error {
	if o.Deletion != nil || o.Managed && o.Pending() {
		return vault.NoSuchObject(ref)
	}
	return nil // the way of every GET: no refusal is worded
}

// Either returns an object that is there, be it deleted or not.
func Either(r vault.Reader, ref vault.Ref) (vault.Object, error) {
	o, err := r.Object(ref)
	if err == nil && o.Managed && o.Pending() {
		err = vault.ErrNotFound
	}
	return One(o, err, vault.NoSuchObject(ref))
}

// Deleted returns a soft-deleted object.
func Deleted(r vault.Reader, ref vault.Ref) (vault.Object, error) {
	o, err := r.Object(ref)
	if err == nil && (o.Deletion == nil || o.Managed && o.Pending()) {
		err = vault.ErrNotFound
	}
	return One(o, err, vault.NoSuchDeleted(ref))
}

// Version returns the version asked for, the latest for "". That of a
// certificate which has none yet is its placeholder.
func Version(r vault.Reader, o vault.Object, id string) (vault.Version, error) {
	want := cmp.Or(id, o.Latest)
	if p := o.Placeholder; p != nil && want == o.Latest {
		return vault.Version{Ref: o.Ref, ID: o.Latest, Pending: true, Attributes: p.Attributes, Tags: p.Tags}, nil
	}
	v, err := r.Version(o.Ref, want)
	if err == nil {
		return v, nil
	}
	if errors.Is(err, vault.ErrNotFound) && id == "" {
		return v, fmt.Errorf("latest version of %s is missing: %w", o.Ref, err)
	}
	return One(v, err, vault.NoSuchVersion(o.Ref, id))
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
