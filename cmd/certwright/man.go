package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"certwright/internal/files"
	"certwright/internal/print"
	"certwright/internal/usage"

	"github.com/alecthomas/kong"
)

type manCommand struct {
	To      string   `help:"Write the pages of all commands into this folder, for a package." placeholder:"DIR"`
	Command []string `arg:"" optional:"" help:"The command whose page is printed."`
}

// Help shows how it is used.
func (manCommand) Help() string {
	return `Examples:
  certwright man cert new | man -l -
  certwright man --to /usr/local/share/man/man1`
}

// exits is what the exit codes mean, for the manual.
var exits = []usage.Choice{
	{Word: "0", Means: "It was done."},
	{Word: fmt.Sprint(exitFailed), Means: "It failed, or what was looked for is wrong."},
	{Word: fmt.Sprint(exitUsage), Means: "The command line or the configuration was wrong; nothing was done."},
	{Word: fmt.Sprint(exitNotFound), Means: "What is named is not there."},
	{Word: fmt.Sprint(exitRefused), Means: "The server refused it."},
	{Word: fmt.Sprint(exitConflict), Means: "It goes against what is there, or what is in progress."},
}

// Run prints a page, or writes all.
func (m manCommand) Run(to streams, of *kong.Context) error {
	b := buildOf()
	manual := usage.Manual{Version: b.Version, Date: strings.SplitN(b.Time, "T", 2)[0], Exits: exits}
	if m.To != "" {
		return m.writeAll(to, manual, of.Model.Node)
	}
	n := of.Model.Node
	for _, word := range m.Command {
		if n = childNamed(n, word); n == nil {
			return exitError{exitUsage, fmt.Errorf("there is no command %s\nhint: certwright --help lists the commands", print.Plain(strings.Join(m.Command, " ")))}
		}
	}
	_, err := io.WriteString(to.out, manual.Page(n))
	return err
}

func childNamed(n *kong.Node, name string) *kong.Node {
	for _, c := range n.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// writeAll writes the page of a command and of all below it.
func (m manCommand) writeAll(to streams, manual usage.Manual, n *kong.Node) error {
	file := filepath.Join(m.To, usage.PageName(n)+".1")
	if err := files.Replace(file, []byte(manual.Page(n)), 0o644); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(to.out, file); err != nil {
		return err
	}
	for _, c := range n.Children {
		if c.Hidden {
			continue
		}
		if err := m.writeAll(to, manual, c); err != nil {
			return err
		}
	}
	return nil
}
