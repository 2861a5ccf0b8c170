package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"certwright/internal/admin"
	"certwright/internal/client"
	"certwright/internal/print"
)

type historyCommand struct {
	one          `embed:""`
	print.Format `embed:""`
}

// Run prints what happened to a certificate's operation, step by step.
func (h historyCommand) Run(ctx context.Context, to streams) error {
	c, vaultName, err := h.find(ctx)
	if err != nil {
		return err
	}
	o, err := c.Operation(ctx, vaultName, h.Name)
	if err != nil {
		return client.Hinted(err, noSuchOrder)
	}
	return h.On(to.out, to.err).One(o, fullName(o), func(w io.Writer) error { return printHistory(w, o) })
}

func printHistory(to io.Writer, o admin.Operation) error {
	fmt.Fprintf(to, "%s in vault %s: %s\n", o.Name, o.Vault, outcome(o))
	fmt.Fprintf(to, "issuer %s, request %s, since %s\n", o.Issuer, o.RequestID, stamp(o.Since))
	if line := whatNext(o); line != "" {
		fmt.Fprintln(to, line)
	}
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, s := range o.History {
		again := ""
		if s.Times > 1 {
			again = fmt.Sprintf(" (%d times, last %s)", s.Times, stamp(s.Last))
		}
		fmt.Fprintf(w, "%s\t%s%s\n", stamp(s.At), print.Plain(s.Text), again)
	}
	return w.Flush()
}
