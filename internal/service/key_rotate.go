package service

import (
	"context"
	"encoding/json"
	"errors"

	"certwright/internal/vault"
)

// RotateKey makes a new version of a plain key, of the same kind and with the
// same operations and tags; it expires as the rotation policy says.
func (s *Service) RotateKey(ctx context.Context, who vault.Caller, ref vault.Ref) (Key, error) {
	if err := s.enter(ctx, who, "keys/rotate", ref); err != nil {
		return Key{}, err
	}
	return s.rotate(ctx, ref)
}

func (s *Service) rotate(ctx context.Context, ref vault.Ref) (Key, error) {
	var was vault.Version
	err := s.Store.View(ctx, func(r vault.Reader) error {
		head, err := live(r, ref)
		if err != nil {
			return err
		}
		if head.Managed {
			return vault.ManagedObject(vault.Keys, "rotate")
		}
		was, err = version(r, head, "")
		return err
	})
	if err != nil {
		return Key{}, err
	}
	old := was.Key
	made, err := s.newMaterial(vault.KeyProps{Type: old.Type, Curve: old.Curve, Size: old.Size})
	if err != nil {
		return Key{}, err
	}
	made.Type = old.Type
	return s.putKey(ctx, was.Ref, "rotate", made, vault.KeyBody{Operations: old.Operations, Exportable: old.Exportable, Release: old.Release}, AttributesInput{}, was.Tags)
}

// GetRotationPolicy returns when a key is rotated and its expiry announced.
func (s *Service) GetRotationPolicy(ctx context.Context, who vault.Caller, ref vault.Ref) (p vault.KeyRotationPolicy, err error) {
	if err := s.enter(ctx, who, "keys/getrotationpolicy", ref); err != nil {
		return p, err
	}
	err = s.Store.View(ctx, func(r vault.Reader) error {
		head, err := live(r, ref)
		p = rotationOf(head)
		return err
	})
	return p, err
}

func rotationOf(head vault.Object) vault.KeyRotationPolicy {
	if head.Rotation == nil {
		return vault.DefaultKeyRotationPolicy()
	}
	return *head.Rotation
}

// PutRotationPolicy replaces the rotation policy of a plain key. It takes
// effect at once, on the version there is.
func (s *Service) PutRotationPolicy(ctx context.Context, who vault.Caller, ref vault.Ref, actions []vault.RotationAction, expiry vault.Period) (p vault.KeyRotationPolicy, err error) {
	if err := s.enter(ctx, who, "keys/setrotationpolicy", ref); err != nil {
		return p, err
	}
	now := s.now()
	err = s.change(ctx, ref, func(tx vault.Tx) error {
		head, err := live(tx, ref)
		if err != nil {
			return err
		}
		if head.Managed {
			return vault.ManagedObject(vault.Keys, "setrotationpolicy")
		}
		if p, err = rotationOf(head).Set(actions, expiry, now); err != nil {
			return err
		}
		head.Rotation = &p
		if _, err := tx.PutObject(head); err != nil {
			return err
		}
		v, err := version(tx, head, "")
		if err != nil {
			return err
		}
		return scheduleRotation(tx, head, v)
	})
	if err == nil {
		s.Poke()
	}
	return p, err
}

// scheduleRotation puts the jobs that a key's policy asks for on its latest version.
func scheduleRotation(tx vault.Tx, head vault.Object, v vault.Version) error {
	if err := withdrawRotation(tx, head.Ref); err != nil || head.Managed {
		return err
	}
	p := rotationOf(head)
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

func withdrawRotation(tx vault.Tx, ref vault.Ref) error {
	if err := tx.DeleteJob(vault.JobRotate, ref); err != nil {
		return err
	}
	return tx.DeleteJob(vault.JobNotice, ref)
}

// Rotate is the handler of JobRotate. The new version puts the jobs anew, so
// the lease it works under is gone when it is done; a key that went away
// meanwhile needs none.
func (s *Service) Rotate(ctx context.Context, l vault.Lease) error {
	_, err := s.rotate(ctx, l.Ref)
	var refusal *vault.Error
	if err == nil || !errors.As(err, &refusal) {
		return err
	}
	return s.drop(ctx, l)
}

// Notice is the handler of JobNotice: it tells that a key is near its expiry.
func (s *Service) Notice(ctx context.Context, l vault.Lease) error {
	now := s.now()
	err := s.Store.Update(ctx, func(tx vault.Tx) error {
		if err := tx.Finish(l); err != nil {
			return err
		}
		head, ok, err := found(tx.Object(l.Ref))
		if err != nil || !ok || head.Deletion != nil {
			return err
		}
		v, err := version(tx, head, "")
		if err != nil {
			return err
		}
		body, err := json.Marshal(map[string]any{"VaultName": v.Vault, "ObjectType": "Key", "ObjectName": v.Name, "Version": v.ID, "EXP": v.Attributes.Expires.Unix()})
		if err != nil {
			return err
		}
		return tx.Append(vault.Message{Topic: vault.EventKeyNearExpiry, Ref: v.Ref, Version: v.ID, At: now, Body: body})
	})
	if errors.Is(err, vault.ErrStale) {
		return nil
	}
	return err
}

// drop ends a job that has nothing left to do.
func (s *Service) drop(ctx context.Context, l vault.Lease) error {
	err := s.Store.Update(ctx, func(tx vault.Tx) error { return tx.Finish(l) })
	if errors.Is(err, vault.ErrStale) {
		return nil
	}
	return err
}
