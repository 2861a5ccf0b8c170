package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"certwright/internal/admin"
	"certwright/internal/clientenv"
)

type pendingCommand struct {
	running `embed:""`
	Vault   string `help:"Only this vault; all of them if not given." placeholder:"NAME"`
	Failed  bool   `help:"What failed instead: the last answer, how often, since when, and the next try."`
	JSON    bool   `name:"json" help:"Print one line of JSON for each operation."`
}

// Run prints the operations in progress, and what each waits for, or those that failed.
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
	status, t := "inProgress", newTable(to, "VAULT\tNAME\tISSUER\tSINCE\tWAITS FOR", "nothing is in progress", waitingRow)
	if p.Failed {
		status, t = "failed", newTable(to, "VAULT\tNAME\tISSUER\tSINCE\tTRIES\tNEXT TRY\tLAST ANSWER", "nothing has failed", failedRow)
	}
	print, end := t.print, t.end
	if p.JSON {
		print, end = jsonLines(to)
	}
	if err := eachOperation(r, p.Vault, status, print); err != nil {
		return hinted(err, "certwright pending --vault NAME lists one vault")
	}
	return end()
}

// eachOperation goes through all pages of what has a status.
func eachOperation(r clientenv.Ready, vaultName, status string, do func(admin.Operation) error) error {
	for after := ""; ; {
		var page admin.Operations
		q := url.Values{"status": {status}, "vault": {vaultName}, "after": {after}}
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

// A table prints a line for each operation under a heading, or says on stderr
// that there is none.
type table struct {
	to         streams
	w          *tabwriter.Writer
	head, none string
	row        func(admin.Operation) []string
	lines      int
}

func newTable(to streams, head, none string, row func(admin.Operation) []string) *table {
	return &table{to: to, w: tabwriter.NewWriter(to.out, 0, 0, 2, ' ', 0), head: head, none: none, row: row}
}

func (t *table) print(o admin.Operation) error {
	if t.lines++; t.lines == 1 {
		fmt.Fprintln(t.w, t.head)
	}
	_, err := fmt.Fprintln(t.w, strings.Join(append([]string{o.Vault, o.Name, o.Issuer}, t.row(o)...), "\t"))
	return err
}

func (t *table) end() error {
	if t.lines == 0 {
		fmt.Fprintln(t.to.err, t.none)
	}
	return t.w.Flush()
}

func waitingRow(o admin.Operation) []string {
	return []string{stamp(o.Since), strings.TrimSpace(waitsFor(o) + " " + howLong(o))}
}

// failedRow tells of a renewal since when it is due and when it is tried next,
// and of what a caller asked for when he did.
func failedRow(o admin.Operation) []string {
	since, tries, next := o.Since, "1", "none: request it again"
	if o.Renewal && o.Due != nil {
		since, tries = *o.Due, strconv.Itoa(o.Tries)
	}
	if o.Renewal && o.Next != nil {
		next = stamp(*o.Next)
	} else if o.Renewal {
		next = "none: it does not renew by itself now"
	}
	answer := ""
	if o.Error != nil {
		answer = o.Error.Code + ": " + printable(o.Error.Message)
	}
	return []string{stamp(since), tries, next, answer}
}

// howLong says until when an operation in progress waits: when it is given up,
// else when it is looked at next, and when what it renews expires.
func howLong(o admin.Operation) string {
	var said []string
	switch {
	case o.Until != nil:
		said = append(said, "It is given up at "+stamp(*o.Until)+".")
	case o.Again == nil:
		said = append(said, "It waits until a person does that.")
	case o.Asks:
		said = append(said, "It waits until somebody decides.")
	default:
		said = append(said, "It is looked at next at "+stamp(*o.Again)+", as long as it takes.")
	}
	if o.Renewal && o.Expires != nil {
		said = append(said, "The version in use expires at "+stamp(*o.Expires)+".")
	}
	return strings.Join(said, " ")
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
