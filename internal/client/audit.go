package client

import (
	"context"

	"certwright/internal/audit"
)

// Audit returns by what the server's audit log is verified.
func (c *Client) Audit(ctx context.Context) (audit.Known, error) {
	return get[audit.Known](ctx, c, "/admin/audit")
}
