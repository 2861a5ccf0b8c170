package order

import (
	"context"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// Underway lists the operations in progress of a vault, or of all vaults for
// "", and the place to go on after; its zero value says that there are no more.
func (s *Operator) Underway(ctx context.Context, vaultName string, after vault.Ref, limit int) (list []vault.Standing, next vault.Ref, err error) {
	return s.standings(ctx, vault.InProgress, vaultName, after, limit)
}

// Failed lists the operations that ended without a certificate and have no
// successor, as Underway does. Those of deleted certificates are left out.
func (s *Operator) Failed(ctx context.Context, vaultName string, after vault.Ref, limit int) (list []vault.Standing, next vault.Ref, err error) {
	all, next, err := s.standings(ctx, vault.Failed, vaultName, after, limit)
	for _, st := range all {
		if st.Expires.IsZero() || !st.Renewal || st.Tries > 0 { // else another version came in its place
			list = append(list, st)
		}
	}
	return list, next, err
}

// History returns the operation of a certificate as it stands, with its history.
func (s *Operator) History(ctx context.Context, ref vault.Ref) (st vault.Standing, err error) {
	err = s.Store.View(ctx, func(r vault.Reader) error {
		o, err := r.Object(ref)
		if err != nil {
			return err
		}
		if _, err := operation(o, ref, "", vault.NoPending); err != nil {
			return err
		}
		st, err = s.standing(r, o)
		return err
	})
	return st, engine.RefuseMissing(err, vault.NoPending(ref))
}

func (s *Operator) standings(ctx context.Context, status vault.Status, vaultName string, after vault.Ref, limit int) (list []vault.Standing, next vault.Ref, err error) {
	err = s.Store.View(ctx, func(r vault.Reader) error {
		var page []vault.Object
		list = []vault.Standing{}
		if page, next, err = engine.Orders(r, status, vaultName, after, limit); err != nil {
			return err
		}
		return engine.Each(page, func(o vault.Object) error {
			st, err := s.standing(r, o)
			list = append(list, st)
			return err
		})
	})
	return list, next, err
}

// standing works out what comes of the operation of a certificate.
func (s *Operator) standing(r vault.Reader, o vault.Object) (st vault.Standing, err error) {
	st.Operation.Ref = o.Ref
	if o.Operation != nil {
		st.Operation = *o.Operation
	}
	if o.InProgress() {
		st.Again, st.Until = o.Jobs[vault.JobIssue], s.Issuers.givenUp(*o.Operation)
	}
	c, err := s.Scheduler.CurrentOf(r, o)
	if err != nil || !c.Exists() {
		return st, err
	}
	st.Expires, st.Due, st.Tries = c.Version.Attributes.Expires, c.Schedule.Since, c.Schedule.Tries
	st.Next = s.Scheduler.NextRenewal(c)
	return st, nil
}
