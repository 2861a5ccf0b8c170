package client

import (
	"context"
	"net/http"
	"net/url"

	"certwright/internal/admin"
)

// Revoke has a version of a certificate revoked by who issued it.
func (c *Client) Revoke(ctx context.Context, what admin.RevokeRequest) (admin.Revoked, error) {
	return post[admin.Revoked](ctx, c, "/admin/revoke", what)
}

// Register has an issuer registered anew at its authority.
func (c *Client) Register(ctx context.Context, vaultName, issuer string) (admin.Registered, error) {
	return post[admin.Registered](ctx, c, "/admin/issuers/"+url.PathEscape(vaultName)+"/"+url.PathEscape(issuer)+"/account", nil)
}

// Rollover gives a built-in CA a new issuing certificate.
func (c *Client) Rollover(ctx context.Context, provider string) error {
	return c.call(ctx, workTime, http.MethodPost, "/admin/ca/"+url.PathEscape(provider)+"/rollover", nil, nil)
}
