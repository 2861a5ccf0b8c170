package client

import (
	"context"
	"net/http"

	"certwright/internal/admin"
)

// ConsoleLink returns a link that signs in to the console, once, who asks for it.
func (c *Client) ConsoleLink(ctx context.Context) (string, error) {
	var out admin.ConsoleLink
	err := c.call(ctx, workTime, http.MethodPost, "/admin/console/link", nil, &out)
	return out.URL, err
}
