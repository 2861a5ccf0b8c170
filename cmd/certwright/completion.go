package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"certwright/internal/print"
	"certwright/internal/usage"

	"github.com/alecthomas/kong"
)

type completionCommand struct {
	Shell string `arg:"" help:"The shell: bash, zsh, fish or powershell." enum:"bash,zsh,fish,powershell,pwsh"`
}

// Help shows how it is used.
func (completionCommand) Help() string {
	return `Completes commands, flags, their values, and the names of certificates, keys, secrets, issuers and vaults, for which the server is asked.

Examples:
  eval "$(certwright completion bash)"                                            in ~/.bashrc
  eval "$(certwright completion zsh)"                                             in ~/.zshrc, below compinit
  certwright completion fish > ~/.config/fish/completions/certwright.fish
  certwright completion powershell | Out-String | Invoke-Expression               in $PROFILE`
}

// Run prints the script.
func (c completionCommand) Run(to streams) error {
	script, err := usage.Script(c.Shell)
	if err != nil {
		return err
	}
	_, err = io.WriteString(to.out, script)
	return err
}

// wordsCommand is what the scripts ask.
type wordsCommand struct {
	Empty bool     `help:"The last word is empty, and the shell could not say so."`
	Words []string `arg:"" optional:"" passthrough:""`
}

// Run prints what the last word can become.
func (w wordsCommand) Run(ctx context.Context, to streams, of *kong.Context) error {
	words := w.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	if w.Empty {
		words = append(words, "")
	}
	choices, files := usage.Complete(of.Model, words, func(p usage.Place) []usage.Choice { return known(ctx, p) })
	if files {
		fmt.Fprintln(to.out, usage.Files)
	}
	for _, c := range choices {
		if _, err := fmt.Fprintln(to.out, strings.TrimSuffix(print.Plain(c.Word)+"\t"+firstLine(c.Means), "\t")); err != nil {
			return err
		}
	}
	return nil
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return print.Plain(s)
}
