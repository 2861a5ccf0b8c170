package main

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"certwright/internal/admin"
	"certwright/internal/client"
)

type pendingCommand struct {
	running `embed:""`
	Vault   string `help:"Only this vault; all of them if not given." placeholder:"NAME"`
	Failed  bool   `help:"List what failed instead: since when, how often, the next try and the last answer."`
	JSON    bool   `name:"json" help:"Print one line of JSON for each operation."`
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
	status, t, row := "inProgress", newTable(to, "VAULT\tNAME\tISSUER\tSINCE\tWAITS FOR", "nothing is in progress"), waitingRow
	if p.Failed {
		status, t, row = "failed", newTable(to, "VAULT\tNAME\tISSUER\tSINCE\tTRIES\tNEXT TRY\tLAST ANSWER", "nothing has failed"), failedRow
	}
	lines := json.NewEncoder(to.out)
	for o, err := range c.Operations(ctx, p.Vault, status) {
		if err != nil {
			return client.Hinted(err, "certwright pending --vault NAME lists one vault")
		}
		if !p.JSON {
			t.line(append([]string{o.Vault, o.Name, o.Issuer}, row(o)...)...)
		} else if err := lines.Encode(o); err != nil {
			return err
		}
	}
	if p.JSON {
		return nil
	}
	return t.end()
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
		answer = o.Error.Code + ": " + o.Error.Message
	}
	return []string{stamp(since), tries, next, answer}
}
