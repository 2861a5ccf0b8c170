package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/alecthomas/kong"
)

// start parses the arguments, runs the subcommand and returns the exit code.
func start(args []string, to streams) int {
	var p program
	parser, err := kong.New(&p, kong.Name("certwright"), kong.Writers(to.out, to.err), kong.Bind(to), kong.BindTo(context.Background(), (*context.Context)(nil)),
		kong.Description("A certificate vault that speaks the Azure Key Vault REST API."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		return report(to, exitError{exitFailed, fmt.Errorf("read the program's own flags: %w", err)})
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		return report(to, exitError{exitUsage, fmt.Errorf("%w\nhint: %s", err, usageHint(err))})
	}
	return report(to, chosen.Run())
}

// usageHint leads to the help of the command that was not understood.
func usageHint(err error) string {
	var wrong *kong.ParseError
	if errors.As(err, &wrong) && wrong.Context != nil {
		if c := wrong.Context.Selected(); c != nil {
			return "certwright " + c.Path() + " --help lists its arguments and flags"
		}
	}
	return "certwright --help lists the commands"
}

// report prints an error and returns the exit code that goes with it.
func report(to streams, err error) int {
	if err == nil {
		return 0
	}
	code := exitCode(err)
	if own := (exitError{}); errors.As(err, &own) {
		err = own.err
	}
	if err != nil {
		fmt.Fprintf(to.err, "certwright: %v\n", err)
	}
	return code
}
