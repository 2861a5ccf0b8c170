package main

import (
	"context"
	"fmt"

	"certwright/internal/admin"
	"certwright/internal/client"
)

type retryCommand struct {
	one `embed:""`
}

// Run has an operation in progress or a failed renewal tried at once.
func (r retryCommand) Run(ctx context.Context, to streams) error {
	c, vaultName, err := r.find(ctx)
	if err != nil {
		return err
	}
	o, err := c.Retry(ctx, admin.RetryRequest{Vault: vaultName, Certificate: r.Name})
	if err != nil {
		return client.Hinted(err, "certwright pending and certwright pending --failed list what waits")
	}
	fmt.Fprintf(to.err, "tried at once: %s in vault %s; certwright history %s says what comes of it\n", o.Name, o.Vault, o.Name)
	return nil
}
