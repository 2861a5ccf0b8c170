package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"text/tabwriter"

	"certwright/internal/admin"
)

type historyCommand struct {
	one  `embed:""`
	JSON bool `name:"json" help:"Print one line of JSON."`
}

// noSuchOrder is what to do where there is no operation of the name.
const noSuchOrder = "certwright pending lists what is in progress; --vault names another vault"

// Run prints what happened to a certificate's operation, step by step.
func (h historyCommand) Run(to streams) error {
	r, vaultName, err := h.find()
	if err != nil {
		return err
	}
	var o admin.Operation
	if err := call(r, http.MethodGet, h.path(vaultName), nil, &o); err != nil {
		return hinted(err, noSuchOrder)
	}
	if h.JSON {
		return json.NewEncoder(to.out).Encode(o)
	}
	return printHistory(to.out, o)
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
		fmt.Fprintf(w, "%s\t%s%s\n", stamp(s.At), printable(s.Text), again)
	}
	return w.Flush()
}

// whatNext says in one line when it goes on by itself.
func whatNext(o admin.Operation) string {
	switch {
	case o.Status == "inProgress":
		return howLong(o)
	case o.Next == nil:
		return ""
	case o.Tries > 0 && o.Due != nil:
		return fmt.Sprintf("next try %s; the renewal is due since %s and failed %d times; the version in use expires %s", stamp(*o.Next), stamp(*o.Due), o.Tries, stamp(*o.Expires))
	}
	return "next renewal " + stamp(*o.Next)
}

// outcome says in one line where an operation stands.
func outcome(o admin.Operation) string {
	switch {
	case o.Error != nil:
		return o.Status + ": " + o.Error.Code + ": " + printable(o.Error.Message)
	case o.Status == "inProgress":
		return o.Status + ": " + waitsFor(o)
	case o.Target != "":
		return o.Status + ": version " + o.Target
	}
	return o.Status
}
