// Package service is what callers ask for: one method per operation of the API.
// What certificates, keys and secrets have alike is there once, on Service, with
// the object's Ref as argument; the rest is with the kind that has it.
//
// Each method asks permission first (action.go), does what is slow (keys,
// signatures) before the transaction, and in it only reads, decides and writes.
// It knows no HTTP and no SQL; orders and the schedule have rooms of their own.
// Begin with bundle.go and get.go, then certificate.go.
package service

import (
	"context"
	"errors"
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"

	"certwright/internal/engine"
	"certwright/internal/order"
	"certwright/internal/schedule"
	"certwright/internal/vault"
)

// Service carries out the operations: those of every kind itself, the rest by
// the kind that has them.
type Service struct {
	*shared
	Certificates *Certificates
	Keys         *Keys
	Secrets      *Secrets
	Issuers      *Issuers
	Contacts     *Contacts
	Sweeper      *schedule.Sweeper
	Operator     *order.Operator

	backups vault.Sealer
}

// Certificates does what only certificates have: orders, policies, versions
// brought from outside.
type Certificates struct{ *shared }

// Secrets does what only secrets have.
type Secrets struct{ *shared }

// Issuers keeps the issuer resources of vaults.
type Issuers struct{ *shared }

// Contacts keeps whom vaults tell about their certificates.
type Contacts struct{ *shared }

// Keys does what only keys have: the operations with them, and their rotation.
type Keys struct {
	*shared
	parsed *lru.Cache[string, usable] // by place; a private key is parsed once
}

// shared is what all of them stand on.
type shared struct {
	*engine.Deps
	Scheduler *schedule.Scheduler
	Orders    *order.Orders
	Access    vault.Authorizer
}

// Config is what the rooms are made of.
type Config struct {
	engine.Deps
	Backups   vault.Sealer // seals backup blobs, so that they open beside another database too
	Access    vault.Authorizer
	Keys      order.KeySource
	Issuers   func(provider string) vault.Issuer // nil: this server has no such provider
	Receivers func(vault.Message) []string       // who gets a message, beside those who read the outbox; nil: nobody
	Called    func(order.Call)                   // gets every call of an issuer; may be nil
}

// New checks the required fields and returns the service with its rooms, ready for use.
func New(c *Config) (*Service, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	in := &shared{Deps: &c.Deps, Scheduler: schedule.New(&c.Deps, c.Receivers), Access: c.Access}
	var err error
	if in.Orders, err = order.New(in.Deps, in.Scheduler, c.Keys, &order.Issuers{Deps: in.Deps, Find: c.Issuers, Called: c.Called}); err != nil {
		return nil, err
	}
	parsed, err := lru.New[string, usable](usableKeys)
	if err != nil {
		return nil, err
	}
	return &Service{shared: in, Certificates: &Certificates{in}, Keys: &Keys{in, parsed}, Secrets: &Secrets{in}, Issuers: &Issuers{in},
		Contacts: &Contacts{in}, Sweeper: schedule.NewSweeper(in.Scheduler), Operator: &order.Operator{Orders: in.Orders}, backups: c.Backups}, nil
}

// check reports the first required field that is not set.
func (c *Config) check() error {
	if c.Backups == nil || c.Access == nil || c.Issuers == nil {
		return errors.New("service: Backups, Access and Issuers are required")
	}
	return c.Deps.Check()
}

// Permit refuses a caller that may not do an action. Every operation asks for
// itself; this is for who must know before it does what costs.
func (s *Service) Permit(ctx context.Context, who vault.Caller, do vault.Action, ref vault.Ref) error {
	return s.enter(ctx, who, do, ref)
}

// enter is the first line of every operation: is the name one, may the caller?
func (s *shared) enter(ctx context.Context, who vault.Caller, do vault.Action, ref vault.Ref) error {
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
