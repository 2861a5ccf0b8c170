package service

import (
	"context"
	"errors"

	"certwright/internal/engine"
	"certwright/internal/policy"
	"certwright/internal/schedule"
	"certwright/internal/vault"
)

// Rotate makes a new version of a plain key, of the same kind and with the
// same operations and tags; it expires as the rotation policy says.
func (s *Keys) Rotate(ctx context.Context, who vault.Caller, ref vault.Ref) (Bundle, error) {
	if err := s.enter(ctx, who, rotateKey, ref); err != nil {
		return Bundle{}, err
	}
	for {
		k, err := s.rotate(ctx, ref, func(vault.Tx) error { return nil })
		if !errors.Is(err, engine.ErrChanged) {
			return k, err
		}
		if ctx.Err() != nil {
			return k, ctx.Err()
		}
	}
}

// rotate makes the key outside the transaction and stores it only if the key
// it follows is still the current one, and may says so.
func (s *Keys) rotate(ctx context.Context, ref vault.Ref, may func(vault.Tx) error) (Bundle, error) {
	var was vault.Version
	err := s.Store.View(ctx, func(r vault.Reader) error {
		head, err := engine.Existing(r, ref)
		if err != nil {
			return err
		}
		if head.Managed {
			return vault.ManagedObject(vault.Keys, "rotate")
		}
		was, err = engine.Version(r, head, "")
		return err
	})
	if err != nil {
		return Bundle{}, err
	}
	old := was.Key
	made, err := s.newMaterial(vault.KeyProps{Type: old.Type, Curve: old.Curve, Size: old.Size})
	if err != nil {
		return Bundle{}, err
	}
	made.Type = old.Type
	if old.Type.IsEC() {
		made.Spelling.Curve = old.Spelling.Curve
	}
	return s.putKey(ctx, newKey{ref: was.Ref, verb: "rotate", made: made, tags: was.Tags,
		body: vault.KeyBody{Operations: old.Operations, Exportable: old.Exportable, Release: old.Release},
		guard: func(tx vault.Tx) error {
			if err := may(tx); err != nil {
				return err
			}
			head, err := engine.Existing(tx, was.Ref)
			if err == nil && head.Latest != was.ID {
				err = engine.ErrChanged
			}
			return err
		}})
}

// GetRotationPolicy returns when a key is rotated and its expiry announced.
func (s *Keys) GetRotationPolicy(ctx context.Context, who vault.Caller, ref vault.Ref) (p vault.KeyRotationPolicy, err error) {
	if err := s.enter(ctx, who, getRotationPolicy, ref); err != nil {
		return p, err
	}
	err = s.Store.View(ctx, func(r vault.Reader) error {
		head, err := engine.Existing(r, ref)
		p = schedule.RotationPolicy(head)
		return err
	})
	return p, err
}

// PutRotationPolicy replaces the rotation policy of a plain key. It takes
// effect at once, on the version there is.
func (s *Keys) PutRotationPolicy(ctx context.Context, who vault.Caller, ref vault.Ref, actions []vault.RotationAction, expiry vault.Period) (p vault.KeyRotationPolicy, err error) {
	if err := s.enter(ctx, who, setRotationPolicy, ref); err != nil {
		return p, err
	}
	now := s.Now()
	err = s.Change(ctx, ref, func(tx vault.Tx) error {
		head, err := engine.Existing(tx, ref)
		if err != nil {
			return err
		}
		if head.Managed {
			return vault.ManagedObject(vault.Keys, "setrotationpolicy")
		}
		if p, err = policy.SetRotation(schedule.RotationPolicy(head), actions, expiry, now); err != nil {
			return err
		}
		head.Rotation = &p
		if _, err := tx.PutObject(head); err != nil {
			return err
		}
		v, err := engine.Version(tx, head, "")
		if err != nil {
			return err
		}
		return schedule.PlanRotation(tx, head, v)
	})
	if err == nil {
		s.Poke()
	}
	return p, err
}

// RunRotation is the handler of JobRotate. The new version puts the jobs anew. A
// lease that is gone means that the policy was changed or the key went away
// meanwhile: then nothing is stored.
func (s *Keys) RunRotation(ctx context.Context, l vault.Lease) error {
	_, err := s.rotate(ctx, l.Ref, func(tx vault.Tx) error { return tx.Finish(l) })
	var refusal *vault.Error
	switch {
	case errors.Is(err, vault.ErrStale):
		return nil
	case errors.As(err, &refusal):
		return s.Drop(ctx, l)
	}
	return err
}
