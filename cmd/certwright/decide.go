package main

import (
	"fmt"
	"net/http"
	"strings"

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
	Request string `help:"Only if the operation has this request id; the one that there is, and is shown, if not given." placeholder:"ID"`
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
	if d.Request == "" { // the word is for what is shown below, not for what takes its place
		if err := call(r, http.MethodGet, d.path(vaultName), nil, &o); err != nil {
			return hinted(err, noSuchOrder)
		}
		d.Request = o.RequestID
		if o.Asks {
			fmt.Fprintf(to.err, "request %s: %s\n", o.RequestID, printable(strings.TrimPrefix(o.Details, usualBeginning)))
		}
	}
	in := map[string]string{"decision": word, "message": d.Message, "request_id": d.Request}
	if err := call(r, http.MethodPost, d.path(vaultName), in, &o); err != nil {
		return hinted(err, noSuchOrder)
	}
	fmt.Fprintf(to.err, "%s: %s in vault %s\n", done, o.Name, o.Vault)
	return nil
}
