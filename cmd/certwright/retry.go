package main

import (
	"fmt"
	"net/http"

	"certwright/internal/admin"
)

type retryCommand struct {
	one `embed:""`
}

// Run has an operation in progress or a failed renewal tried at once.
func (c retryCommand) Run(to streams) error {
	r, vaultName, err := c.find()
	if err != nil {
		return err
	}
	var o admin.Operation
	in := map[string]string{"vault": vaultName, "certificate": c.Name}
	if err := call(r, http.MethodPost, "/admin/retry", in, &o); err != nil {
		return hinted(err, "certwright pending and certwright pending --failed list what waits")
	}
	fmt.Fprintf(to.err, "tried at once: %s in vault %s; certwright history %s says what comes of it\n", o.Name, o.Vault, o.Name)
	return nil
}
