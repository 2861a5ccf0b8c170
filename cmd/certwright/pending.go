package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"certwright/internal/admin"
	"certwright/internal/server"
)

type pendingCommand struct {
	running `embed:""`
	Vault   string `help:"Only this vault; all of them if not given." placeholder:"NAME"`
	JSON    bool   `name:"json" help:"Print one line of JSON for each operation."`
}

// Run prints the operations in progress, and what each waits for.
func (p pendingCommand) Run(to streams) error {
	if p.Vault != "" {
		if err := checkVault(p.Vault); err != nil {
			return err
		}
	}
	r, err := p.find()
	if err != nil {
		return err
	}
	print, end := p.table(to)
	if p.JSON {
		print, end = jsonLines(to)
	}
	if err := eachOperation(r, p.Vault, print); err != nil {
		return hinted(err, "certwright pending --vault NAME lists one vault")
	}
	return end()
}

// eachOperation goes through all pages of what is in progress.
func eachOperation(r server.Ready, vaultName string, do func(admin.Operation) error) error {
	for after := ""; ; {
		var page admin.Operations
		q := url.Values{"vault": {vaultName}, "after": {after}}
		if err := call(r, http.MethodGet, "/admin/operations?"+q.Encode(), nil, &page); err != nil {
			return err
		}
		for _, o := range page.Operations {
			if err := do(o); err != nil {
				return err
			}
		}
		if after = page.Next; after == "" {
			return nil
		}
	}
}

func (p pendingCommand) table(to streams) (print func(admin.Operation) error, end func() error) {
	w, lines := tabwriter.NewWriter(to.out, 0, 0, 2, ' ', 0), 0
	print = func(o admin.Operation) error {
		if lines++; lines == 1 {
			fmt.Fprintln(w, "VAULT\tNAME\tISSUER\tSINCE\tWAITS FOR")
		}
		_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", o.Vault, o.Name, o.Issuer, stamp(o.Since), waitsFor(o))
		return err
	}
	end = func() error {
		if lines == 0 {
			fmt.Fprintln(to.err, "nothing is in progress")
		}
		return w.Flush()
	}
	return print, end
}

func jsonLines(to streams) (print func(admin.Operation) error, end func() error) {
	lines := json.NewEncoder(to.out)
	return func(o admin.Operation) error { return lines.Encode(o) }, func() error { return nil }
}

// usualBeginning begins status_details on the wire and tells nobody anything here.
const usualBeginning = "Pending certificate created. "

// waitsFor says in one line what an operation in progress waits for.
func waitsFor(o admin.Operation) string {
	details := printable(strings.TrimPrefix(o.Details, usualBeginning))
	switch {
	case o.CancelRequested:
		return "its cancellation: " + details
	case o.Asks:
		return "certwright approve or reject: " + details
	case o.Attempt > 0:
		return fmt.Sprintf("attempt %d: %s", o.Attempt+1, details)
	}
	return details
}

// stamp is a time as tables show it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
