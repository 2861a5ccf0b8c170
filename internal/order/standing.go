package order

import (
	"context"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// Underway lists the operations in progress of a vault, or of all vaults for
// "", and the place to go on after; its zero value says that there are no more.
func (s *Operator) Underway(ctx context.Context, vaultName string, after vault.Ref, limit int) (list []vault.Standing, next vault.Ref, err error) {
	err = s.Store.View(ctx, func(r vault.Reader) error {
		var ops []vault.Operation
		if ops, next, err = engine.Underway(r, vaultName, after, limit); err != nil {
			return err
		}
		list, err = s.standings(r, ops)
		return err
	})
	return list, next, err
}

// Failed lists the operations that ended without a certificate and have no
// successor, as Underway does. Those of deleted certificates are left out.
func (s *Operator) Failed(ctx context.Context, vaultName string, after vault.Ref, limit int) (list []vault.Standing, next vault.Ref, err error) {
	if vaultName != "" && after == (vault.Ref{}) {
		after = vault.Ref{Vault: vaultName}
	}
	err = s.Store.View(ctx, func(r vault.Reader) error {
		list, next = nil, vault.Ref{}
		ops, err := r.Failed(after, limit+1)
		if err != nil {
			return err
		}
		if len(ops) > limit {
			ops = ops[:limit]
			next = ops[limit-1].Ref
		}
		for i, op := range ops {
			if vaultName != "" && op.Vault != vaultName {
				ops, next = ops[:i], vault.Ref{}
				break
			}
		}
		all, err := s.standings(r, ops)
		for _, st := range all {
			if st.Expires.IsZero() || !st.Renewal || st.Tries > 0 { // else another version came in its place
				list = append(list, st)
			}
		}
		return err
	})
	return list, next, err
}

// History returns the operation of a certificate as it stands, with its history.
func (s *Operator) History(ctx context.Context, ref vault.Ref) (st vault.Standing, err error) {
	err = s.Store.View(ctx, func(r vault.Reader) error {
		op, err := operation(r, ref, "", vault.NoPending)
		if err == nil {
			st, err = s.standing(r, op)
		}
		return err
	})
	return st, err
}

func (s *Operator) standings(r vault.Reader, ops []vault.Operation) ([]vault.Standing, error) {
	list := []vault.Standing{}
	for _, op := range ops {
		st, err := s.standing(r, op)
		if err != nil {
			return nil, err
		}
		list = append(list, st)
	}
	return list, nil
}

// standing works out what comes of an operation.
func (s *Operator) standing(r vault.Reader, op vault.Operation) (vault.Standing, error) {
	st := vault.Standing{Operation: op}
	c, err := s.Scheduler.Current(r, op.Ref)
	if err != nil {
		return st, err
	}
	if op.Status == vault.InProgress {
		j, _, err := engine.Found(r.Job(vault.JobIssue, op.Ref))
		if err != nil {
			return st, err
		}
		st.Again, st.Until = j.Due, s.Issuers.givenUp(op)
	}
	if !c.Exists {
		return st, nil
	}
	st.Expires, st.Due, st.Tries = c.Version.Attributes.Expires, c.Schedule.Since, c.Schedule.Tries
	st.Next = s.Scheduler.NextRenewal(c)
	return st, nil
}
