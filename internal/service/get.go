package service

import (
	"context"

	"certwright/internal/engine"
	"certwright/internal/vault"
)

// MayGet asks whether a caller may read an object. Who answers without Get asks first.
func (s *shared) MayGet(ctx context.Context, who vault.Caller, ref vault.Ref) error {
	return s.enter(ctx, who, actions[ref.Kind].get, ref)
}

// Get returns a version, the latest for id "": of a key its public side, of a
// secret its value, of a certificate's latest the policy too. A certificate
// whose first version is not complete shows its placeholder.
func (s *Service) Get(ctx context.Context, who vault.Caller, ref vault.Ref, id string) (Bundle, error) {
	if err := s.MayGet(ctx, who, ref); err != nil {
		return Bundle{}, err
	}
	b, err := s.read(ctx, ref, id)
	if err != nil || ref.Kind != vault.Secrets {
		return b, err
	}
	return s.opened(b)
}

// read reads a version, letting the certificate behind it settle first.
func (s *shared) read(ctx context.Context, ref vault.Ref, id string) (b Bundle, err error) {
	err = s.Orders.SettleAndRead(ctx, ref, func(r vault.Reader, o vault.Object) error {
		if err := engine.Live(o, ref); err != nil {
			return err
		}
		b, err = s.bundle(r, o, id)
		return err
	})
	if err != nil {
		b, err = engine.One(b, err, vault.NoSuchObject(ref))
	}
	return b, err
}
