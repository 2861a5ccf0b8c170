package schedule

import (
	"context"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// RotationPolicy is the policy by which a key is rotated.
func RotationPolicy(key vault.Object) vault.KeyRotationPolicy {
	if key.Rotation == nil {
		return vault.DefaultKeyRotationPolicy()
	}
	return *key.Rotation
}

// PlanRotation lets the jobs fall due that a key's policy asks for on its latest version.
func PlanRotation(key *vault.Object, v vault.Version) {
	DropRotation(key)
	p := RotationPolicy(*key)
	if due, ok := p.NextRotation(v.Attributes.Created, v.Attributes.Expires); ok {
		key.SetJob(vault.JobRotate, due)
	}
	if due, ok := p.NextNotice(v.Attributes.Expires); ok {
		key.SetJob(vault.JobNotice, due)
	}
}

// DropRotation drops the jobs of a key that is deleted.
func DropRotation(key *vault.Object) {
	key.DropJob(vault.JobRotate)
	key.DropJob(vault.JobNotice)
}

// Notice is the handler of JobNotice: it tells that a key is near its expiry.
func (s *Scheduler) Notice(ctx context.Context, l vault.Lease) error {
	now := s.Now()
	return s.Work(ctx, l, func(tx vault.Tx, key *vault.Object) error {
		if key.Deletion != nil {
			return nil
		}
		v, err := engine.Version(tx, *key, "")
		if err != nil {
			return err
		}
		done := key.Schedule.Of(v.ID)
		if done.Did(vault.MilestoneNearExpiry) {
			return nil // sent before the policy was edited, or the key deleted and recovered
		}
		key.Schedule = done.Do(vault.MilestoneNearExpiry)
		return s.Publish(tx, expiryMessage(v, vault.MilestoneNearExpiry, now))
	})
}
