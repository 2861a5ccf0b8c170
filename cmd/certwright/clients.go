package main

import (
	"fmt"
	"strings"
	"time"

	"certwright/internal/print"
	"certwright/internal/tokens"
)

type clientListCommand struct {
	clientsAt `embed:""`
}

// Run lists the clients of the file and of the configuration.
func (c clientListCommand) Run(to streams) error {
	f, all, err := c.open()
	if err != nil {
		return err
	}
	if f != nil {
		all = append(all[:len(all):len(all)], f.Clients()...)
	}
	var list []listedClient
	for _, row := range all {
		list = append(list, listedClient{shownOf(row, ""), row})
	}
	return print.List(c.On(to.out, to.err), print.Table[listedClient]{
		Columns: []print.Column[listedClient]{
			{Head: "NAME", Cell: func(c listedClient) string { return c.of.Label() }},
			{Head: "ID", Cell: func(c listedClient) string { return c.of.ID }},
			{Head: "SECRETS", Cell: func(c listedClient) string { return secretsOf(c.of) }},
			{Head: "PROVES ITSELF BY", Cell: func(c listedClient) string { return proofsOf(c.of) }},
		},
		Name: func(c listedClient) string { return c.of.Label() },
		None: "there are no clients; certwright client add makes one",
	}, print.Slice(list))
}

// A listedClient is a client as JSON, and what the table is made of.
type listedClient struct {
	shownClient
	of tokens.ClientSettings
}

// secretsOf says when the secrets of a client end.
func secretsOf(c tokens.ClientSettings) string {
	var all []string
	for _, s := range c.Secrets {
		switch until, err := tokens.Moment(s.Expires); {
		case s.Expires == "":
			all = append(all, "never ends")
		case err == nil && !time.Now().Before(until):
			all = append(all, "ended "+s.Expires)
		default:
			all = append(all, "ends "+s.Expires)
		}
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, "; ")
}

// proofsOf says how a client can prove itself.
func proofsOf(c tokens.ClientSettings) string {
	var all []string
	for _, of := range []struct {
		n    int
		what string
	}{{len(c.Secrets), "secret"}, {len(c.Certificates), "certificate"}, {len(c.Federated), "workload identity"}} {
		if of.n > 0 {
			all = append(all, of.what)
		}
	}
	if len(all) == 0 {
		return "host alone"
	}
	return strings.Join(all, ", ")
}

// A shownClient is a client as JSON. Secret is there only once.
type shownClient struct {
	ID           string        `json:"id"`
	Name         string        `json:"name,omitempty"`
	Groups       []string      `json:"groups,omitempty"`
	Roles        []string      `json:"roles,omitempty"`
	Secret       string        `json:"secret,omitempty"`
	Secrets      []shownSecret `json:"secrets"`
	Certificates int           `json:"certificates"`
	Federated    int           `json:"federated"`
}

type shownSecret struct {
	Hash    string `json:"hash"`
	Expires string `json:"expires,omitempty"`
}

func shownOf(c tokens.ClientSettings, secret string) shownClient {
	s := shownClient{ID: c.ID, Name: c.Name, Groups: c.Groups, Roles: c.Roles, Secret: secret, Secrets: []shownSecret{}, Certificates: len(c.Certificates), Federated: len(c.Federated)}
	for _, kept := range c.Secrets {
		s.Secrets = append(s.Secrets, shownSecret(kept))
	}
	return s
}

// printClient tells what a client needs to know, on stdout, and where it stands.
func printClient(to streams, form print.Format, path string, c tokens.ClientSettings, secret string) error {
	if !form.People() {
		return form.On(to.out, to.err).One(shownOf(c, secret), c.Label(), nil)
	}
	fmt.Fprintf(to.out, "AZURE_CLIENT_ID=%s\n", c.ID)
	if secret != "" {
		fmt.Fprintf(to.out, "AZURE_CLIENT_SECRET=%s\n", secret)
	}
	fmt.Fprintf(to.err, "client %s is in %s\n", c.Label(), path)
	if secret != "" {
		fmt.Fprintln(to.err, "the secret is shown this once; the file has its hash")
	}
	return nil
}

// printRow is printClient where there is no file: the row is there to be pasted.
func printRow(to streams, form print.Format, c tokens.ClientSettings, secret string) error {
	row, err := tokens.Row(c)
	if err != nil {
		return err
	}
	if form.People() {
		fmt.Fprint(to.err, "there is no clients' file: paste this below auth.token_service.clients and reload the server\n\n", row, "\n")
		if secret != "" {
			fmt.Fprintln(to.err, "the secret is shown this once; the row has its hash")
		}
		fmt.Fprintf(to.out, "AZURE_CLIENT_ID=%s\n", c.ID)
		if secret != "" {
			fmt.Fprintf(to.out, "AZURE_CLIENT_SECRET=%s\n", secret)
		}
		return nil
	}
	return form.On(to.out, to.err).One(struct {
		shownClient
		Row string `json:"row"`
	}{shownOf(c, secret), row}, c.Label(), nil)
}
