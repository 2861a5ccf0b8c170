package client

import (
	"context"
	"iter"
	"net/url"

	"certwright/internal/admin"
)

// Operations goes through the operations of a vault, "" for all vaults, that
// have a status: inProgress or failed. It ends with the first error.
func (c *Client) Operations(ctx context.Context, vaultName, status string) iter.Seq2[admin.Operation, error] {
	return func(yield func(admin.Operation, error) bool) {
		for after := ""; ; {
			q := url.Values{"status": {status}, "vault": {vaultName}, "after": {after}}
			page, err := get[admin.Operations](ctx, c, "/admin/operations?"+q.Encode())
			if err != nil {
				yield(admin.Operation{}, err)
				return
			}
			for _, o := range page.Operations {
				if !yield(o, nil) {
					return
				}
			}
			if after = page.Next; after == "" {
				return
			}
		}
	}
}

// Operation returns the operation of a certificate with its history.
func (c *Client) Operation(ctx context.Context, vaultName, name string) (admin.Operation, error) {
	return get[admin.Operation](ctx, c, operationPath(vaultName, name))
}

// Decide puts an operator's word on an operation.
func (c *Client) Decide(ctx context.Context, vaultName, name string, word admin.DecisionRequest) (admin.Operation, error) {
	return post[admin.Operation](ctx, c, operationPath(vaultName, name), word)
}

// Retry has what waits of a certificate tried at once.
func (c *Client) Retry(ctx context.Context, what admin.RetryRequest) (admin.Operation, error) {
	return post[admin.Operation](ctx, c, "/admin/retry", what)
}

func operationPath(vaultName, name string) string {
	return "/admin/operations/" + url.PathEscape(vaultName) + "/" + url.PathEscape(name)
}
