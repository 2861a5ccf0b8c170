package client

import (
	"context"
	"errors"
	"net/http"
	"time"

	"certwright/internal/admin"
)

// moveTime is for one move of the clock, which does all that falls due on the way.
const moveTime = 7 * 24 * time.Hour

// Clock returns the server's clock.
func (c *Client) Clock(ctx context.Context) (admin.Clock, error) {
	return get[admin.Clock](ctx, c, "/admin/clock")
}

// Advance moves the server's clock forward. It returns when all that fell due on
// the way is done, which may take long.
func (c *Client) Advance(ctx context.Context, by time.Duration) (at admin.Clock, err error) {
	text := by.String()
	err = c.call(ctx, moveTime, http.MethodPost, "/admin/clock", admin.ClockMove{Advance: &text}, &at)
	var e *Error
	if errors.As(err, &e) {
		e.Hint = "certwright clock says how far it came; what fell due until then is done"
	}
	return at, err
}

// Reset empties the server and puts its clock back to real time.
func (c *Client) Reset(ctx context.Context) error {
	return c.call(ctx, workTime, http.MethodPost, "/admin/reset", nil, nil)
}
