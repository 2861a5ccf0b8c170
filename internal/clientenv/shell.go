package clientenv

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Print writes the variables in a shell's language: fish, powershell, or that of
// sh, which bash, zsh and the others of its family read; or as json, null for what
// must not be there.
func Print(w io.Writer, shell string, vars []Variable) error {
	if shell == "pwsh" {
		shell = "powershell"
	}
	if shell == "json" {
		return printJSON(w, vars)
	}
	var text strings.Builder
	for _, v := range vars {
		text.WriteString(assignment(shell, v) + "\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func assignment(shell string, v Variable) string {
	switch {
	case shell == "fish" && v.Unset:
		return "set -e " + v.Name + ";"
	case shell == "fish":
		return "set -gx " + v.Name + " '" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(v.Value) + "';"
	case shell == "powershell" && v.Unset:
		return "$env:" + v.Name + " = $null"
	case shell == "powershell":
		return "$env:" + v.Name + " = " + quotePowerShell(v.Value)
	case v.Unset:
		return "unset " + v.Name
	}
	return "export " + v.Name + "=" + QuoteSh(v.Value)
}

// printJSON writes one object; null means that the variable must not be there.
func printJSON(w io.Writer, vars []Variable) error {
	all := map[string]*string{}
	for _, v := range vars {
		all[v.Name] = nil
		if !v.Unset {
			all[v.Name] = &v.Value
		}
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("write the environment: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s\n", text)
	return err
}

// QuoteSh quotes a word for a POSIX shell.
func QuoteSh(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// Word is a word as it is typed, in quotes where it needs them.
func Word(s string) string {
	special := func(r rune) bool {
		return !strings.ContainsRune("/._-+:@", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}
	if s == "" || strings.ContainsFunc(s, special) {
		return QuoteSh(s)
	}
	return s
}

// quotePowerShell doubles all that ends such a string: U+2018 to U+201B do, as
// the plain quote does.
func quotePowerShell(s string) string {
	return "'" + strings.NewReplacer("'", "''", "\u2018", "\u2018\u2018", "\u2019", "\u2019\u2019",
		"\u201a", "\u201a\u201a", "\u201b", "\u201b\u201b").Replace(s) + "'"
}
