package client

import (
	"context"

	"certwright/internal/access"
	"certwright/internal/admin"
)

// Rules returns every assignment and access policy in force.
func (c *Client) Rules(ctx context.Context) ([]access.Row, error) {
	got, err := get[admin.Rules](ctx, c, "/admin/access")
	return got.Rules, err
}
