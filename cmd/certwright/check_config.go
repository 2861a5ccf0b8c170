package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"certwright/internal/config"
	"certwright/internal/folder"
	"certwright/internal/inspect"
	"certwright/internal/print"
)

// production goes through what certwright serve needs.
func (c checkCommand) production(ctx context.Context, to streams) error {
	found := c.inspect(ctx, to)
	faults := 0
	for _, f := range found {
		if f.Fault {
			faults++
		}
	}
	var err error
	if c.People() {
		err = printFindings(to.out, found)
	} else {
		err = print.List(c.On(to.out, to.err), print.Table[inspect.Finding]{Name: func(f inspect.Finding) string { return f.What }}, print.Slice(found))
	}
	if err == nil && faults > 0 {
		return exitError{code: exitFailed}
	}
	return err
}

// inspect reads the configuration and, where it will do, goes through the rest.
func (c checkCommand) inspect(ctx context.Context, to streams) []inspect.Finding {
	conf, err := settings{Config: c.Config}.over(listeners{Data: c.Data})
	if err == nil {
		conf.Production = true
		err = conf.Check()
	}
	if err != nil {
		return faultsOf(err)
	}
	fine := inspect.Finding{What: "configuration", Text: vaultsOf(conf)}
	return append([]inspect.Finding{fine}, inspect.All(ctx, inspect.Request{Config: conf, Bound: folder.Bound, Progress: progressOn(to.err)})...)
}

func vaultsOf(c config.Config) string {
	if len(c.Vaults) == 1 {
		return "1 vault"
	}
	return fmt.Sprintf("%d vaults", len(c.Vaults))
}

// faultsOf makes a finding of each line of an error, with the hint that follows it.
func faultsOf(err error) (found []inspect.Finding) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if hint, is := strings.CutPrefix(line, "hint: "); is && len(found) > 0 {
			found[len(found)-1].Hint = hint
			continue
		}
		found = append(found, inspect.Finding{What: "configuration", Fault: true, Text: line})
	}
	return found
}

// printFindings writes a line for each, and what to do about a fault below it.
func printFindings(w io.Writer, found []inspect.Finding) error {
	for _, f := range found {
		word := "ok"
		if f.Fault {
			word = "FAULT"
		}
		line := fmt.Sprintf("%-5s  %s: %s\n", word, f.What, cmp.Or(f.Text, "as it should be"))
		if f.Hint != "" {
			line += "       hint: " + f.Hint + "\n"
		}
		if _, err := io.WriteString(w, line); err != nil {
			return err
		}
	}
	return nil
}
