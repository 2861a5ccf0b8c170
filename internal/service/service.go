// Package service holds the verbs: one method per operation of the API, and
// the one job handler that takes pending operations to their end.
//
// Each method checks permission first, does what is slow (keys, signatures,
// issuers) before the transaction, and in it only reads, decides and writes.
// It knows no HTTP and no SQL. Begin with certificate_create.go, then issue.go,
// then version.go, where every version is made.
package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	lru "github.com/hashicorp/golang-lru/v2"

	"certwright/internal/keys"
	"certwright/internal/vault"
)

// Service carries out the operations. Its fields are set once, before use.
type Service struct {
	Store    vault.Store
	Sealer   vault.Sealer
	Backups  vault.Sealer // seals backup blobs, so that they open beside another database too
	Clock    vault.Clock
	Access   vault.Authorizer
	Keys     KeySource
	Issuers  func(provider string) vault.Issuer    // nil: this server has no such provider
	Settings func(vaultName string) vault.Settings // what the operator fixed for a vault
	Sinks    func(vault.Message) []string          // who is to be told a message, beside those who read the outbox; nil: nobody
	Called   func(Call)                            // told of every call of an issuer; may be nil
	Poke     func()                                // wakes the worker after new work was stored
	Log      *slog.Logger                          // never told a secret

	epochs   *epochs
	checkups *lru.Cache[vault.Ref, checkup] // what the sweep found well
	keys     *lru.Cache[string, usable]     // parsed keys by place; a private key is parsed once
}

// A KeySource makes key pairs, or has them ready.
type KeySource interface {
	Key(vault.KeyProps) (keys.Key, error)
}

// New checks the required fields and returns the service ready for use.
func New(s Service) (*Service, error) {
	keys, err := lru.New[string, usable](usableKeys)
	if err != nil {
		return nil, err
	}
	checkups, err := lru.New[vault.Ref, checkup](sweepKeeps)
	if err != nil {
		return nil, err
	}
	s.keys, s.checkups, s.epochs = keys, checkups, &epochs{}
	return &s, s.check()
}

// check reports the first required field that is not set.
func (s *Service) check() error {
	switch {
	case s.Store == nil, s.Sealer == nil, s.Backups == nil, s.Clock == nil, s.Access == nil:
		return errors.New("service: Store, Sealer, Backups, Clock and Access are required")
	case s.Keys == nil, s.Issuers == nil, s.Settings == nil, s.Poke == nil, s.Log == nil:
		return errors.New("service: Keys, Issuers, Settings, Poke and Log are required")
	}
	return nil
}

// enter is the first line of every operation: is the name one, may the caller?
func (s *Service) enter(ctx context.Context, who vault.Caller, do vault.Action, ref vault.Ref) error {
	if ref.Name != "" {
		if err := vault.CheckName(ref.Name); err != nil {
			return err
		}
	}
	return s.Access.Authorize(ctx, who, do, ref)
}

// change runs one transaction about one name and makes what was rendered of it stale.
func (s *Service) change(ctx context.Context, ref vault.Ref, fn func(vault.Tx) error) error {
	defer s.epochs.bump(ref)
	return s.Store.Update(ctx, fn)
}

// one turns ErrNotFound into the refusal that a caller must see.
func one[T any](v T, err error, refusal *vault.Error) (T, error) {
	if errors.Is(err, vault.ErrNotFound) {
		return v, refusal
	}
	return v, err
}

// found splits "there is no such row" from a fault.
func found[T any](v T, err error) (T, bool, error) {
	if errors.Is(err, vault.ErrNotFound) {
		return v, false, nil
	}
	return v, err == nil, err
}

// live returns the head of an object that is neither missing nor deleted.
func live(r vault.Reader, ref vault.Ref) (vault.Object, error) {
	o, err := r.Object(ref)
	if err == nil && o.Deletion != nil {
		err = vault.ErrNotFound
	}
	return one(o, err, vault.NoSuchObject(ref))
}

// deleted returns the head of a soft-deleted object.
func deleted(r vault.Reader, ref vault.Ref) (vault.Object, error) {
	o, err := r.Object(ref)
	if err == nil && o.Deletion == nil {
		err = vault.ErrNotFound
	}
	return one(o, err, vault.NoSuchDeleted(ref))
}

// version returns the version asked for, the latest for "".
func version(r vault.Reader, o vault.Object, id string) (vault.Version, error) {
	want := id
	if want == "" {
		want = o.Latest
	}
	v, err := r.Version(o.Ref, want)
	if errors.Is(err, vault.ErrNotFound) && id == "" {
		return v, fmt.Errorf("latest version of %s is missing: %w", o.Ref, err)
	}
	return one(v, err, vault.NoSuchVersion(vault.Ref{Vault: o.Vault, Kind: o.Kind, Name: o.Name}, id))
}
