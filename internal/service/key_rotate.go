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
	return s.rotate(ctx, ref, false, func(*vault.Object) error { return nil })
}

// rotate makes the key outside the transaction and stores it only if the key
// it follows is still the current one, and may says so. due: the schedule asks.
func (s *Keys) rotate(ctx context.Context, ref vault.Ref, due bool, may func(*vault.Object) error) (b Bundle, err error) {
	err = engine.Again(ctx, func() error {
		b, err = s.rotateOnce(ctx, ref, due, may)
		if errors.Is(err, errOtherKey) {
			return vault.ErrStale
		}
		return err
	})
	return b, err
}

// errOtherKey says that the key has another current version than the one that a rotation follows.
var errOtherKey = errors.New("the key was given another version meanwhile")

func (s *Keys) rotateOnce(ctx context.Context, ref vault.Ref, due bool, may func(*vault.Object) error) (Bundle, error) {
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
	return s.putKey(ctx, newKey{ref: was.Ref, verb: "rotate", due: due, made: made, tags: was.Tags,
		body: vault.KeyBody{Operations: old.Operations, Exportable: old.Exportable, Release: old.Release},
		guard: func(key *vault.Object) error {
			switch {
			case key.Rev == 0:
				return vault.NoSuchObject(ref)
			case key.Latest != was.ID:
				return errOtherKey
			}
			return may(key)
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
	err = s.editLive(ctx, ref, func(tx vault.Tx, key *vault.Object) error {
		if key.Managed {
			return vault.ManagedObject(vault.Keys, "setrotationpolicy")
		}
		if p, err = policy.SetRotation(schedule.RotationPolicy(*key), actions, expiry, now); err != nil {
			return err
		}
		v, err := engine.Version(tx, *key, "")
		if err != nil {
			return err
		}
		next := p
		key.Rotation = &next
		schedule.PlanRotation(key, v)
		return nil
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
	_, err := s.rotate(ctx, l.Ref, true, func(key *vault.Object) error { return engine.Finish(key, l) })
	var refusal *vault.Error
	if errors.As(err, &refusal) {
		return s.Drop(ctx, l)
	}
	return engine.IgnoreLost(err)
}
