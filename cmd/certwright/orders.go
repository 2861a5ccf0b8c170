package main

import (
	"context"

	"certwright/cmd/certwright/vaults"
	"certwright/internal/client"
	"certwright/internal/print"
)

// orderCommand has the commands about orders at authorities, under the names
// that go with cert; pending, history, approve and reject are the older ones.
type orderCommand struct {
	List    pendingCommand `cmd:"" help:"List the orders in progress and what each waits for, or those that failed."`
	Show    historyCommand `cmd:"" help:"Show what happened to an order, step by step."`
	Approve approveCommand `cmd:"" help:"Approve an order that waits for approval."`
	Deny    rejectCommand  `cmd:"" help:"Deny an order that waits for approval."`
	CSR     vaults.CSR     `cmd:"" name:"csr" help:"Print the certificate signing request of what is in progress."`
}

// Help says where orders are.
func (orderCommand) Help() string {
	return `Orders are asked for at the side door of the server that runs here; csr asks the Key Vault API.

Example:
  certwright order list
  certwright order show web`
}

// findHere is how the commands about vaults find the server that runs here.
var findHere vaults.Find = func(ctx context.Context, data, config string) (*client.Client, error) {
	return running{inFolder{data}, config}.find(ctx)
}

// all are the streams as other packages know them.
func (s streams) all() print.Streams { return print.Streams{In: s.in, Out: s.out, Err: s.err} }
