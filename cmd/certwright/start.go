package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"certwright/internal/client"
	"certwright/internal/usage"

	"github.com/alecthomas/kong"
)

// start parses the arguments, runs the subcommand and returns the exit code.
func start(args []string, to streams) int {
	var p program
	parser, err := kong.New(&p, kong.Name("certwright"), kong.Writers(to.out, to.err), kong.Bind(to, to.all(), findHere), kong.BindTo(context.Background(), (*context.Context)(nil)),
		kong.Description("A certificate vault that speaks the Azure Key Vault REST API."),
		kong.PostBuild(withExamples), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		return report(to, exitError{exitFailed, fmt.Errorf("read the program's own flags: %w", err)})
	}
	args = asksForHelp(args)
	chosen, err := parser.Parse(args)
	if err != nil {
		return report(to, exitError{exitUsage, usage.Explain(parser.Model, args, err, guesses())})
	}
	for _, warning := range usage.Unknown(parser.Model, os.Environ(), othersVariables...) {
		fmt.Fprintf(to.err, "certwright: warning: %v\n", warning)
	}
	return report(to, chosen.Run())
}

// othersVariables begin with CERTWRIGHT_ and are no flags: env and run set them
// for programs, hooks have them, and the tests of this repository read them.
var othersVariables = []string{client.TokenVariable, "CERTWRIGHT_HTTP_URL", "CERTWRIGHT_VAULT_NAME",
	"CERTWRIGHT_ACTION", "CERTWRIGHT_NAME", "CERTWRIGHT_VALUE", "CERTWRIGHT_TYPE", "CERTWRIGHT_DOMAIN",
	"CERTWRIGHT_BAO", "CERTWRIGHT_POSTGRES", "CERTWRIGHT_NAMED", "CERTWRIGHT_CRASH_*", "CERTWRIGHT_FAIL_FILE", "CERTWRIGHT_OPEN_FILE", "CERTWRIGHT_BENCH_ROWS", "CERTWRIGHT_TEST_*"}

// asksForHelp takes no arguments, and the word help before a command, for --help.
func asksForHelp(args []string) []string {
	switch {
	case len(args) == 0:
		return []string{"--help"}
	case len(args) == 1 && (args[0] == "--version" || args[0] == "-v"):
		return []string{"version"}
	case args[0] == "help":
		return append(args[1:len(args):len(args)], "--help")
	}
	return args
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
		text := err.Error()
		if hint := usage.PermissionHint(err); hint != "" && !strings.Contains(text, "\nhint: ") {
			text += "\nhint: " + hint
		}
		fmt.Fprintf(to.err, "certwright: %s\n", text)
	}
	return code
}
