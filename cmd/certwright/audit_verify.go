package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"certwright/internal/audit/line"
	"certwright/internal/print"

	"golang.org/x/mod/sumdb/note"
)

type auditVerifyCommand struct {
	auditLog     `embed:""`
	Checkpoint   string `help:"A checkpoint that was kept elsewhere (- reads it from standard input): the log must still have its lines." placeholder:"FILE"`
	Key          string `help:"The key that proves checkpoints, or a file with it." placeholder:"KEY"`
	print.Format `embed:""`
}

// Help shows how it is used.
func (auditVerifyCommand) Help() string {
	return `Every line has a number and proves the one before it, and checkpoints signed by the server prove them all. Each finding is one line with the file, the
line and its number; with any, the exit code is 1.

With --config or --data the server's own keys are used: of a server that is stopped all that there are, which prove every line to the last; of one that
runs the public key, which proves the lines up to the last checkpoint. --key and --checkpoint need no server.

Examples:
  certwright audit verify --config certwright.yaml
  certwright audit verify --key audit.key --checkpoint checkpoint.txt audit-*.jsonl audit.jsonl`
}

// Run verifies and prints what is wrong.
func (a auditVerifyCommand) Run(ctx context.Context, to streams) error {
	files, err := a.files(ctx)
	if err != nil {
		return err
	}
	how, err := a.how(ctx, to)
	if err != nil {
		return err
	}
	report, err := line.Verify(files, how)
	if err != nil {
		return err
	}
	err = a.On(to.out, to.err).One(report, word(len(report.Findings) == 0), func(io.Writer) error { return printVerified(report, how, to) })
	if err == nil && len(report.Findings) > 0 {
		return exitError{code: exitFailed}
	}
	return err
}

// word is what -o name prints of a check.
func word(good bool) string {
	if good {
		return "good"
	}
	return "faults"
}

// how gathers what the log is held against.
func (a auditVerifyCommand) how(ctx context.Context, to streams) (how line.Verification, err error) {
	key, checkpoint := a.Key, ""
	if a.named() && key == "" {
		known, err := a.known(ctx, to)
		if err != nil {
			return how, err
		}
		key, checkpoint, how.Keys = known.Verifier, known.Checkpoint, known.Keys
	}
	if key != "" {
		if how.Verifier, err = readVerifier(key); err != nil {
			return how, err
		}
	}
	if a.Checkpoint != "" {
		if checkpoint, err = readText(a.Checkpoint, to.in); err != nil {
			return how, err
		}
	}
	if checkpoint == "" {
		return how, nil
	}
	c, err := line.ReadCheckpoint(checkpoint, how.Verifier)
	if err != nil {
		return how, fmt.Errorf("the given checkpoint is not good: %w", err)
	}
	how.Checkpoint = &c
	return how, nil
}

// readVerifier reads a key, or the file that has it.
func readVerifier(key string) (note.Verifier, error) {
	if text, err := os.ReadFile(key); err == nil {
		key = string(text)
	}
	by, err := note.NewVerifier(strings.TrimSpace(key))
	if err != nil {
		return nil, exitError{exitUsage, fmt.Errorf("--key: %q is neither a key nor a file with one\nhint: certwright audit checkpoint --key prints it", key)}
	}
	return by, nil
}

func readText(path string, in io.Reader) (string, error) {
	if path == "-" {
		text, err := io.ReadAll(io.LimitReader(in, 1<<20))
		return string(text), err
	}
	text, err := os.ReadFile(path)
	return string(text), err
}

func printVerified(r line.Report, how line.Verification, to streams) error {
	for _, f := range r.Findings {
		if _, err := fmt.Fprintln(to.out, f); err != nil {
			return err
		}
	}
	if r.Lines == 0 {
		_, err := fmt.Fprintln(to.err, "no lines")
		return err
	}
	of := ""
	if r.Origin != "" {
		of = " of " + r.Origin
	}
	found := "no finding"
	if n := len(r.Findings) + r.More; n == 1 {
		found = "1 finding"
	} else if n > 1 {
		found = fmt.Sprintf("%d findings", n)
	}
	fmt.Fprintf(to.err, "%d lines%s, seq %d to %d, with %d checkpoints: %s\n", r.Lines, of, r.First, r.Last, r.Checkpoints, found)
	if r.Torn {
		fmt.Fprintln(to.err, "the last line breaks off: a server is writing it, or was killed while it did")
	}
	for _, line := range provedBy(r, how) {
		fmt.Fprintln(to.err, line)
	}
	return nil
}

// provedBy says how far the verification goes.
func provedBy(r line.Report, how line.Verification) (lines []string) {
	if how.Verifier == nil && how.Keys == nil {
		return []string{"no key was given: this finds what happened by accident, not who changes lines on purpose; give --key, or --config"}
	}
	if how.Verifier != nil {
		lines = append(lines, fmt.Sprintf("signed checkpoints prove %d of the lines", r.Signed))
	}
	if how.Keys != nil {
		lines = append(lines, fmt.Sprintf("the server's own key proves %d of the lines", r.Chained))
	} else if rest := r.Lines - r.Signed; rest > 0 {
		lines = append(lines, fmt.Sprintf("the last %d are not proved: they came after the last checkpoint, or are it", rest))
	}
	return lines
}
