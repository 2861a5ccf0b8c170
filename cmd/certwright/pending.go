package main

import (
	"context"
	"strconv"
	"strings"

	"certwright/internal/admin"
	"certwright/internal/client"
	"certwright/internal/print"
)

type pendingCommand struct {
	running      `embed:""`
	Vault        string `help:"Only this vault; all of them if not given." placeholder:"NAME"`
	Failed       bool   `help:"List what failed instead: since when, how often, the next try and the last answer."`
	print.Format `embed:""`
}

// Run prints the operations in progress, and what each waits for, or those that failed.
func (p pendingCommand) Run(ctx context.Context, to streams) error {
	if p.Vault != "" {
		if err := checkVault(p.Vault); err != nil {
			return err
		}
	}
	c, err := p.find(ctx)
	if err != nil {
		return err
	}
	status, table := "inProgress", waiting
	if p.Failed {
		status, table = "failed", failed
	}
	return client.Hinted(print.List(p.On(to.out, to.err), table, c.Operations(ctx, p.Vault, status)), "certwright pending --vault NAME lists one vault")
}

// columns are those of all lists of operations, and more.
func columns(more ...print.Column[admin.Operation]) []print.Column[admin.Operation] {
	return append([]print.Column[admin.Operation]{
		{Head: "VAULT", Cell: func(o admin.Operation) string { return o.Vault }},
		{Head: "NAME", Cell: func(o admin.Operation) string { return o.Name }},
		{Head: "ISSUER", Cell: func(o admin.Operation) string { return o.Issuer }},
	}, more...)
}

// at is the cell of a row that waitingRow or failedRow made.
func at(row func(admin.Operation) []string, i int) func(admin.Operation) string {
	return func(o admin.Operation) string { return row(o)[i] }
}

func fullName(o admin.Operation) string { return o.Vault + "/" + o.Name }

// waiting lists what is in progress, failed what failed.
var (
	waiting = print.Table[admin.Operation]{Name: fullName, None: "nothing is in progress", Columns: columns(
		print.Column[admin.Operation]{Head: "SINCE", Cell: at(waitingRow, 0)},
		print.Column[admin.Operation]{Head: "WAITS FOR", Cell: at(waitingRow, 1)},
	)}
	failed = print.Table[admin.Operation]{Name: fullName, None: "nothing has failed", Columns: columns(
		print.Column[admin.Operation]{Head: "SINCE", Cell: at(failedRow, 0)},
		print.Column[admin.Operation]{Head: "TRIES", Cell: at(failedRow, 1)},
		print.Column[admin.Operation]{Head: "NEXT TRY", Cell: at(failedRow, 2)},
		print.Column[admin.Operation]{Head: "LAST ANSWER", Cell: at(failedRow, 3)},
	)}
)

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
		answer = o.Error.Code + ": " + o.Error.Message
	}
	return []string{stamp(since), tries, next, answer}
}
