package main

import (
	"context"
	"fmt"
)

type consoleCommand struct {
	Link consoleLinkCommand `cmd:"" help:"Print a link that signs you in to the console of a production server, once, within five minutes."`
}

type consoleLinkCommand struct {
	running `embed:""`
}

// Help shows how it is used.
func (consoleLinkCommand) Help() string {
	return `You are signed in as whoever the command signs in as: CERTWRIGHT_TOKEN has a token of somebody who may read orders, such as the recovery
token of a start (docs/serve.md). A development server's console is open: http://127.0.0.1:8080/ui/.`
}

// Run prints the link on stdout.
func (c consoleLinkCommand) Run(ctx context.Context, to streams) error {
	at, err := c.find(ctx)
	if err != nil {
		return err
	}
	link, err := at.ConsoleLink(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(to.out, link)
	return err
}
