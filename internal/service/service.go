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
	"certwright/internal/order"
	"certwright/internal/schedule"
	"certwright/internal/vault"
)

// Service carries out the operations.
type Service struct {
	*engine.Deps
	Schedule *schedule.Scheduler
	Sweeper  *schedule.Sweeper
	Orders   *order.Orders
	Operator *order.Operator

	Backups vault.Sealer // seals backup blobs, so that they open beside another database too
	Access  vault.Authorizer

	keys *lru.Cache[string, usable] // parsed keys by place; a private key is parsed once
}

// Config is what the engines are made of.
type Config struct {
	engine.Deps
	Backups   vault.Sealer // seals backup blobs, so that they open beside another database too
	Access    vault.Authorizer
	Keys      order.KeySource
	Issuers   func(provider string) vault.Issuer // nil: this server has no such provider
	Receivers func(vault.Message) []string       // who gets a message, beside those who read the outbox; nil: nobody
	Called    func(order.Call)                   // gets every call of an issuer; may be nil
}

// New checks the required fields and returns the service with its engines, ready for use.
func New(c *Config) (*Service, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	s := &Service{Deps: &c.Deps, Schedule: schedule.New(&c.Deps, c.Receivers), Backups: c.Backups, Access: c.Access}
	var err error
	if s.Sweeper, err = schedule.NewSweeper(s.Schedule); err != nil {
		return nil, err
	}
	issuers := &order.Issuers{Deps: s.Deps, Find: c.Issuers, Called: c.Called}
	if s.Orders, err = order.New(s.Deps, s.Schedule, c.Keys, issuers); err != nil {
		return nil, err
	}
	s.Operator = &order.Operator{Orders: s.Orders}
	s.keys, err = lru.New[string, usable](usableKeys)
	return s, err
}

// check reports the first required field that is not set.
func (c *Config) check() error {
	if c.Backups == nil || c.Access == nil || c.Issuers == nil {
		return errors.New("service: Backups, Access and Issuers are required")
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
