package main

import (
	"context"
	"fmt"

	"certwright/internal/admin"
	"certwright/internal/client"
	"certwright/internal/print"
)

// approveCommand and rejectCommand are an operator's word on an order that asks for one.
type (
	approveCommand struct{ decision }
	rejectCommand  struct{ decision }
)

type decision struct {
	one     `embed:""`
	Message string `help:"The reason, for who asked." placeholder:"TEXT"`
	Request string `help:"Decide only if the operation has this request id (the current one, which is shown)." placeholder:"ID"`
}

// Run lets the order go on.
func (a approveCommand) Run(ctx context.Context, to streams) error {
	return a.decide(ctx, to, admin.Approve, "approved")
}

// Run ends the order: its operation fails with the message.
func (r rejectCommand) Run(ctx context.Context, to streams) error {
	return r.decide(ctx, to, admin.Reject, "rejected")
}

func (d decision) decide(ctx context.Context, to streams, word, done string) error {
	c, vaultName, err := d.find(ctx)
	if err != nil {
		return err
	}
	if d.Request == "" { // the word is for what is shown below, not for what takes its place
		o, err := c.Operation(ctx, vaultName, d.Name)
		if err != nil {
			return client.Hinted(err, noSuchOrder)
		}
		d.Request = o.RequestID
		if o.WantsApproval {
			fmt.Fprintf(to.err, "request %s: %s\n", o.RequestID, print.Plain(o.WaitsFor))
		}
	}
	o, err := c.Decide(ctx, vaultName, d.Name, admin.DecisionRequest{Decision: word, Message: d.Message, RequestID: d.Request})
	if err != nil {
		return client.Hinted(err, noSuchOrder)
	}
	fmt.Fprintf(to.err, "%s: %s in vault %s\n", done, o.Name, o.Vault)
	return nil
}
