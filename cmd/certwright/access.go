package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"certwright/internal/access"
	"certwright/internal/client"
	"certwright/internal/config"
	"certwright/internal/print"
	"certwright/internal/vault"
)

type accessCommand struct {
	Test accessTestCommand `cmd:"" help:"Say whether somebody may do something, and why."`
	List accessListCommand `cmd:"" help:"List every assignment and access policy of a configuration."`
}

// rulesIn reads who may do what from a configuration file.
type rulesIn struct {
	Config       string `required:"" help:"Configuration file (YAML) of certwright serve." placeholder:"FILE" env:"CERTWRIGHT_CONFIG"`
	print.Format `embed:""`
}

// open compiles them. What else is wrong in the file does not matter here.
func (r rulesIn) open() (c config.Config, t *access.Table, err error) {
	if c, err = config.Read(r.Config); err != nil {
		return c, nil, exitError{exitUsage, err}
	}
	c.Production = true
	if t, err = c.Permissions(); err != nil {
		return c, nil, exitError{exitUsage, fmt.Errorf("%s: %w", r.Config, err)}
	}
	return c, t, nil
}

type accessTestCommand struct {
	As    string   `required:"" help:"Who asks: ISSUER:SUBJECT, or client:NAME for a client of the token service." placeholder:"WHO"`
	Group []string `help:"A group that the token names; may be given again." placeholder:"GROUP"`
	Role  []string `help:"An application role that the token names; may be given again." placeholder:"ROLE"`
	App   string   `help:"The application that calls for a user." placeholder:"ID"`
	From  string   `help:"The address that the request comes from, for vaults with network rules." placeholder:"ADDRESS"`
	Do    string   `required:"" help:"What: certificates/create, or Microsoft.KeyVault/vaults/certificates/create/action." placeholder:"ACTION"`
	On    string   `required:"" help:"Where: VAULT, VAULT/certificates/NAME (or keys, secrets), or / for the server." placeholder:"WHERE"`

	rulesIn `embed:""`
}

// Help shows how it is used.
func (accessTestCommand) Help() string {
	return `Decides as certwright serve does with the same file. The exit code is 0 if it is granted and 1 if it is refused. Of a client of the token
service the groups and roles of its entry hold.

Example:
  certwright access test --config /etc/certwright/config.yaml --as corp:5d1c0000-... --group web-team --do certificates/create --on web/certificates/site`
}

// Run decides and prints.
func (a accessTestCommand) Run(ctx context.Context, to streams) error {
	c, table, err := a.open()
	if err != nil {
		return err
	}
	who, err := a.caller(c)
	if err != nil {
		return exitError{exitUsage, err}
	}
	do, on, err := a.question()
	if err != nil {
		return exitError{exitUsage, err}
	}
	d, err := table.Answer(ctx, who, do, on)
	if err != nil {
		return err
	}
	err = a.Format.On(to.out, to.err).One(d, wordFor(d), func(w io.Writer) error { return printAnswer(w, d) })
	if err == nil && !d.Granted {
		return exitError{code: exitFailed}
	}
	return err
}

func wordFor(d access.Answer) string {
	if d.Granted {
		return "granted"
	}
	return "refused"
}

func printAnswer(w io.Writer, d access.Answer) (err error) {
	if d.Granted {
		_, err = fmt.Fprintf(w, "granted by %s\n", print.Plain(d.Reason))
		return err
	}
	text := "refused: " + d.Code + "\n"
	for line := range strings.SplitSeq(strings.TrimRight(d.Message, "\r\n"), "\r\n") {
		text += "  " + strings.TrimRight(print.Plain(line), " ") + "\n"
	}
	_, err = io.WriteString(w, text)
	switch {
	case err != nil:
	case len(d.Roles) > 0:
		_, err = fmt.Fprintf(w, "hint: one of these roles on %s grants it: %s\n", d.On, strings.Join(d.Roles, ", "))
	case d.Code == "ForbiddenByFirewall":
		_, err = fmt.Fprintln(w, "hint: --from ADDRESS says where the request comes from")
	}
	return err
}

// caller is who asks.
func (a accessTestCommand) caller(c config.Config) (who vault.Caller, err error) {
	if who, err = c.Auth.Caller(a.As); err != nil {
		return who, fmt.Errorf("--as: %w", err)
	}
	if a.From != "" {
		if who.Address, err = netip.ParseAddr(a.From); err != nil {
			return who, fmt.Errorf("--from %q is not an IP address", a.From)
		}
	}
	if a.App != "" && who.Type == vault.UserCaller {
		who.App = a.App
	}
	who.Groups, who.Roles = append(who.Groups, a.Group...), append(who.Roles, a.Role...)
	return who, nil
}

// question is what is asked for, and of what.
func (a accessTestCommand) question() (do vault.Action, on vault.Ref, err error) {
	if do, err = access.ParseAction(a.Do); err != nil {
		return do, on, fmt.Errorf("--do: %w", err)
	}
	if on, err = access.ParsePlace(do, a.On); err != nil {
		return do, on, fmt.Errorf("--on %w", err)
	}
	return do, on, nil
}

type accessListCommand struct {
	Config       string `help:"Configuration file (YAML) of certwright serve; without one, the running server is asked." placeholder:"FILE" env:"CERTWRIGHT_CONFIG"`
	print.Format `embed:""`

	inFolder `embed:""`
}

// Help shows how it is used.
func (accessListCommand) Help() string {
	return `Lists those of a configuration file as certwright serve understands them, in the order of the file, or those in force on a running server.

Example:
  certwright access list --config /etc/certwright/config.yaml`
}

// Run prints them.
func (a accessListCommand) Run(ctx context.Context, to streams) error {
	rules, err := a.rules(ctx)
	if err != nil {
		return err
	}
	return print.List(a.On(to.out, to.err), print.Table[access.Row]{
		Columns: []print.Column[access.Row]{
			{Head: "TO", Cell: func(r access.Row) string { return r.To }},
			{Head: "GIVES", Cell: func(r access.Row) string { return r.Gives }},
			{Head: "ON", Cell: func(r access.Row) string { return r.On }},
			{Head: "NOTE", Cell: noteOn},
		},
		Name: func(r access.Row) string { return r.To },
		None: "nobody may do anything",
	}, print.Slice(rules))
}

func noteOn(r access.Row) string {
	if r.Idle == "" {
		return ""
	}
	return "decides nothing: " + r.Idle
}

func (a accessListCommand) rules(ctx context.Context) ([]access.Row, error) {
	if a.Config != "" {
		_, table, err := rulesIn{Config: a.Config}.open()
		if err != nil {
			return nil, err
		}
		return table.Rows(), nil
	}
	c, err := client.Find(ctx, a.Data)
	if err != nil {
		return nil, err
	}
	return c.Rules(ctx)
}
