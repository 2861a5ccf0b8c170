package client

import (
	"context"

	"certwright/internal/admin"
)

// Keyset are the calls about the keys by which all is sealed.
type Keyset struct{ *Client }

// Status implements admin.Keyset.
func (k Keyset) Status(ctx context.Context) (admin.KeysetStatus, error) {
	return get[admin.KeysetStatus](ctx, k.Client, "/admin/keyset")
}

// Rotate implements admin.Keyset. The server goes on with it in the background.
func (k Keyset) Rotate(ctx context.Context) error {
	_, err := post[admin.KeysetStatus](ctx, k.Client, "/admin/keyset/rotate", nil)
	return err
}

// Rewrap implements admin.Keyset.
func (k Keyset) Rewrap(ctx context.Context) error {
	_, err := post[admin.KeysetStatus](ctx, k.Client, "/admin/keyset/rewrap", nil)
	return err
}

// Check implements admin.Keyset.
func (k Keyset) Check(ctx context.Context) ([]admin.KEKCheck, error) {
	return post[[]admin.KEKCheck](ctx, k.Client, "/admin/keyset/check", nil)
}

var _ admin.Keyset = Keyset{}
