// Package order takes a certificate from what was asked for to its version: the
// request with its key and CSR, the steps at an issuer, what each step came to,
// and the version at the end. It cancels, withdraws, imports and merges, and does
// what operators want of orders. Begin with create.go, then issue.go, conclude.go
// and version.go, where every version is made.
package order

import (
	"errors"

	"certwright/internal/engine"
	"certwright/internal/keys"
	"certwright/internal/schedule"
	"certwright/internal/vault"
)

// Orders takes orders from their creation to their end.
type Orders struct {
	*engine.Deps
	*versions
	*withdrawals
	*plans
	*steps
	Issuers   *Issuers
	Scheduler *schedule.Scheduler

	settling settling
}

// A KeySource makes key pairs, or has them ready.
type KeySource interface {
	Key(vault.KeyProps) (keys.Key, error)
}

// New returns orders that are ready for use, and the Renewer of the schedule.
func New(d *engine.Deps, s *schedule.Scheduler, source KeySource, issuers *Issuers) (*Orders, error) {
	if source == nil || issuers == nil || issuers.Find == nil {
		return nil, errors.New("order: a source of keys and issuers are required")
	}
	v := &versions{Deps: d, schedule: s}
	o := &Orders{Deps: d, versions: v, withdrawals: &withdrawals{Deps: d, issuers: issuers}, plans: &plans{versions: v, Keys: source, Issuers: issuers},
		steps: &steps{versions: v, issuers: issuers}, Issuers: issuers, Scheduler: s}
	s.Renewer = o
	return o, nil
}
