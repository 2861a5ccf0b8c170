package schedule

import (
	"context"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// RotationPolicy is the policy by which a key is rotated.
func RotationPolicy(head vault.Object) vault.KeyRotationPolicy {
	if head.Rotation == nil {
		return vault.DefaultKeyRotationPolicy()
	}
	return *head.Rotation
}

// PlanRotation puts the jobs that a key's policy asks for on its latest version.
func PlanRotation(tx vault.Tx, head vault.Object, v vault.Version) error {
	if err := WithdrawRotation(tx, head.Ref); err != nil || head.Managed {
		return err
	}
	p := RotationPolicy(head)
	if due, ok := p.NextRotation(v.Attributes.Created, v.Attributes.Expires); ok {
		if err := tx.PutJob(vault.Job{Kind: vault.JobRotate, Ref: head.Ref, Due: due}); err != nil {
			return err
		}
	}
	if due, ok := p.NextNotice(v.Attributes.Expires); ok {
		return tx.PutJob(vault.Job{Kind: vault.JobNotice, Ref: head.Ref, Due: due})
	}
	return nil
}

// WithdrawRotation withdraws the jobs of a key that is deleted.
func WithdrawRotation(tx vault.Tx, ref vault.Ref) error {
	if err := tx.DeleteJob(vault.JobRotate, ref); err != nil {
		return err
	}
	return tx.DeleteJob(vault.JobNotice, ref)
}

// Notice is the handler of JobNotice: it tells that a key is near its expiry.
func (s *Scheduler) Notice(ctx context.Context, l vault.Lease) error {
	now := s.Now()
	return engine.Withdrawn(s.Store.Update(ctx, func(tx vault.Tx) error {
		if err := tx.Finish(l); err != nil {
			return err
		}
		head, ok, err := engine.Found(tx.Object(l.Ref))
		if err != nil || !ok || head.Deletion != nil {
			return err
		}
		v, err := engine.Version(tx, head, "")
		if err != nil {
			return err
		}
		done, _, err := engine.Found(tx.Schedule(head.Ref))
		if done = done.Of(v.ID); err != nil || done.Did(vault.MilestoneNearExpiry) {
			return err // sent before the policy was edited, or the key deleted and recovered
		}
		if err := tx.PutSchedule(head.Ref, done.Do(vault.MilestoneNearExpiry)); err != nil {
			return err
		}
		return s.Publish(tx, expiryMessage(v, vault.MilestoneNearExpiry, now))
	}))
}
