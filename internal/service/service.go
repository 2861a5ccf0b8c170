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

	lru "github.com/hashicorp/golang-lru/v2"

	"certwright/internal/engine"
	"certwright/internal/keys"
	"certwright/internal/schedule"
	"certwright/internal/vault"
)

// Service carries out the operations.
type Service struct {
	*engine.Deps
	Schedule *schedule.Scheduler
	Sweeper  *schedule.Sweeper

	Backups vault.Sealer // seals backup blobs, so that they open beside another database too
	Access  vault.Authorizer
	Keys    KeySource
	Issuers func(provider string) vault.Issuer // nil: this server has no such provider
	Called  func(Call)                         // told of every call of an issuer; may be nil

	keys *lru.Cache[string, usable] // parsed keys by place; a private key is parsed once
}

// Config is what the engines are made of.
type Config struct {
	engine.Deps
	Backups   vault.Sealer // seals backup blobs, so that they open beside another database too
	Access    vault.Authorizer
	Keys      KeySource
	Issuers   func(provider string) vault.Issuer // nil: this server has no such provider
	Receivers func(vault.Message) []string       // who gets a message, beside those who read the outbox; nil: nobody
	Called    func(Call)                         // told of every call of an issuer; may be nil
}

// A KeySource makes key pairs, or has them ready.
type KeySource interface {
	Key(vault.KeyProps) (keys.Key, error)
}

// New checks the required fields and returns the service with its engines, ready for use.
func New(c *Config) (*Service, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	keys, err := lru.New[string, usable](usableKeys)
	if err != nil {
		return nil, err
	}
	s := &Service{Deps: &c.Deps, Backups: c.Backups, Access: c.Access, Keys: c.Keys, Issuers: c.Issuers, Called: c.Called, keys: keys}
	s.Schedule = schedule.New(s.Deps, c.Receivers)
	s.Schedule.Renewer = renewer{s}
	s.Sweeper, err = schedule.NewSweeper(s.Schedule)
	return s, err
}

// check reports the first required field that is not set.
func (c *Config) check() error {
	if c.Backups == nil || c.Access == nil || c.Keys == nil || c.Issuers == nil {
		return errors.New("service: Backups, Access, Keys and Issuers are required")
	}
	return c.Deps.Check()
}

// enter is the first line of every operation: is the name one, may the caller?
func (s *Service) enter(ctx context.Context, who vault.Caller, do vault.Action, ref vault.Ref) error {
	if ref.Name != "" {
		if err := vault.CheckName(ref.Name); err != nil {
			return err
		}
	}
	if do == "" {
		return fmt.Errorf("service: %s has no such operation", ref)
	}
	return s.Access.Authorize(ctx, who, do, ref)
}
