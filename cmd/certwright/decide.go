package main

import (
	"fmt"
	"net/http"

	"certwright/internal/admin"
)

// approveCommand and rejectCommand are an operator's word on an order that asks for one.
type (
	approveCommand struct{ decision }
	rejectCommand  struct{ decision }
)

type decision struct {
	one     `embed:""`
	Message string `help:"What to tell who asked." placeholder:"TEXT"`
	Request string `help:"Only if the operation has this request id." placeholder:"ID"`
}

// Run lets the order go on.
func (a approveCommand) Run(to streams) error { return a.decide(to, "approve", "approved") }

// Run ends the order: its operation fails with the message.
func (r rejectCommand) Run(to streams) error { return r.decide(to, "reject", "rejected") }

func (d decision) decide(to streams, word, done string) error {
	r, vaultName, err := d.find()
	if err != nil {
		return err
	}
	var o admin.Operation
	in := map[string]string{"decision": word, "message": d.Message, "request_id": d.Request}
	if err := call(r, http.MethodPost, d.path(vaultName), in, &o); err != nil {
		return hinted(err, noSuchOrder)
	}
	fmt.Fprintf(to.err, "%s: %s in vault %s\n", done, o.Name, o.Vault)
	return nil
}
