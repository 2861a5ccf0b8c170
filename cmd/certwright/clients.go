package main

import (
	"fmt"
	"strings"
	"time"

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
	if c.JSON {
		list := []shownClient{}
		for _, row := range all {
			list = append(list, shownOf(row, ""))
		}
		return printJSON(to.out, list)
	}
	t := newTable(to, "NAME\tID\tSECRETS\tPROVES ITSELF BY", "there are no clients; certwright client add makes one")
	for _, row := range all {
		t.line(row.Label(), row.ID, secretsOf(row), proofsOf(row))
	}
	return t.end()
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
func printClient(to streams, asJSON bool, path string, c tokens.ClientSettings, secret string) error {
	if asJSON {
		return printJSON(to.out, shownOf(c, secret))
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
func printRow(to streams, asJSON bool, c tokens.ClientSettings, secret string) error {
	row, err := tokens.Row(c)
	if err != nil {
		return err
	}
	if !asJSON {
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
	return printJSON(to.out, struct {
		shownClient
		Row string `json:"row"`
	}{shownOf(c, secret), row})
}
