package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"certwright/internal/config"
	"certwright/internal/print"
	"certwright/internal/tokens"
)

type clientCommand struct {
	Add    clientAddCommand    `cmd:"" help:"Add a client of the token service, and print its secret once."`
	Rotate clientRotateCommand `cmd:"" help:"Give a client another secret beside the one it has."`
	List   clientListCommand   `cmd:"" help:"List the clients of the token service."`
	Remove clientRemoveCommand `cmd:"" help:"Remove a client of the token service."`
}

// Help says where clients are.
func (clientCommand) Help() string {
	return `Clients stand in the file that auth.token_service.clients_file of the configuration names. A running server reads it again by itself.
Without such a file, add prints the row to paste into auth.token_service.clients.`
}

// clientsAt says in which file the clients are.
type clientsAt struct {
	Config       string `help:"Configuration file (YAML) that names the clients' file." placeholder:"FILE" env:"CERTWRIGHT_CONFIG"`
	File         string `help:"The clients' file itself." placeholder:"FILE" env:"CERTWRIGHT_CLIENTS"`
	print.Format `embed:""`
}

// open reads the clients' file; beside are the clients of the configuration.
// Without a file it is nil.
func (a clientsAt) open() (f *tokens.ClientsFile, beside []tokens.ClientSettings, err error) {
	path := a.File
	if a.Config != "" {
		c, err := config.Read(a.Config)
		if err != nil {
			return nil, nil, err
		}
		if given := c.Auth.TokenService; given != nil {
			path, beside = cmp.Or(path, given.File), given.Clients
		}
	}
	if path == "" {
		return nil, beside, nil
	}
	f, err = tokens.OpenClients(path)
	return f, beside, err
}

// must is open where there has to be a file, and the place of a client in it.
func (a clientsAt) must(name string) (f *tokens.ClientsFile, at int, err error) {
	f, beside, err := a.open()
	switch {
	case err != nil:
		return nil, 0, err
	case f == nil:
		return nil, 0, exitError{exitUsage, errors.New("there is no clients' file\nhint: name it with --file, or set auth.token_service.clients_file and name the configuration with --config")}
	}
	if at = f.Find(name); at >= 0 {
		return f, at, nil
	}
	for _, c := range beside {
		if c.Called(name) {
			return nil, 0, fmt.Errorf("client %s stands in the configuration %s, which this command leaves alone\nhint: edit it there", name, a.Config)
		}
	}
	return nil, 0, fmt.Errorf("there is no client %s in %s\nhint: certwright client list shows those that there are", name, f.Path())
}

type clientAddCommand struct {
	clientsAt   `embed:""`
	Name        string   `arg:"" help:"What people and access rules call it."`
	ID          string   `name:"id" help:"Its client id (a new UUID)." placeholder:"ID"`
	Group       []string `help:"A group that its tokens name." placeholder:"GROUP"`
	Role        []string `help:"A role that its tokens name." placeholder:"ROLE"`
	Expires     string   `help:"When its secret ends: a day, as in 2027-01-01, or a time from now, as in 90d (never)." placeholder:"WHEN"`
	NoSecret    bool     `help:"Give it no secret: it proves itself in another way."`
	Certificate []string `help:"A PEM file with the certificate whose key signs its assertions." placeholder:"FILE"`
	Federated   []string `help:"A workload of another issuer: ISSUER,SUBJECT[,AUDIENCE]." placeholder:"ROW" sep:"none"`
}

// Run adds a client and prints it, with its secret.
func (c clientAddCommand) Run(to streams) error {
	f, beside, err := c.open()
	if err != nil {
		return err
	}
	row, secret, err := c.client()
	if err != nil {
		return exitError{exitUsage, err}
	}
	for _, other := range beside {
		if other.Called(row.ID) || other.Called(row.Name) {
			return fmt.Errorf("the configuration has a client %s already\nhint: choose another name, or edit it there", c.Name)
		}
	}
	if f == nil {
		return printRow(to, c.Format, row, secret)
	}
	if err := f.Add(row); err != nil {
		return err
	}
	if err := f.Write(); err != nil {
		return err
	}
	return printClient(to, c.Format, f.Path(), row, secret)
}

// client makes the row of the flags.
func (c clientAddCommand) client() (row tokens.ClientSettings, secret string, err error) {
	row = tokens.ClientSettings{ID: cmp.Or(c.ID, tokens.NewID()), Name: c.Name, Groups: c.Group, Roles: c.Role}
	for _, path := range c.Certificate {
		if path, err = filepath.Abs(path); err != nil {
			return row, "", err
		}
		row.Certificates = append(row.Certificates, tokens.CertificateSettings{File: path})
	}
	for _, text := range c.Federated {
		parts := strings.Split(text, ",")
		if len(parts) < 2 || len(parts) > 3 {
			return row, "", fmt.Errorf("--federated %q is not ISSUER,SUBJECT or ISSUER,SUBJECT,AUDIENCE", text)
		}
		f := tokens.FederatedSettings{Issuer: parts[0], Subject: parts[1]}
		if len(parts) == 3 {
			f.Audience = parts[2]
		}
		row.Federated = append(row.Federated, f)
	}
	if c.NoSecret {
		return row, "", row.Check()
	}
	kept := tokens.SecretSettings{}
	secret, kept.Hash = tokens.NewSecret()
	kept.Expires, err = ends(c.Expires)
	row.Secrets = []tokens.SecretSettings{kept}
	return row, secret, errors.Join(err, row.Check())
}

// never is when a secret ends that does not.
const never = "never"

// ends reads when a secret ends; "" is never, too.
func ends(text string) (string, error) {
	if n, found := strings.CutSuffix(text, "d"); found {
		var days int
		if _, err := fmt.Sscanf(n, "%d", &days); err == nil && days > 0 && days <= 3650 && fmt.Sprint(days) == n {
			return time.Now().UTC().AddDate(0, 0, days).Format(time.RFC3339), nil
		}
	}
	if text == "" || text == never {
		return "", nil
	}
	_, err := tokens.Moment(text)
	return text, err
}

type clientRotateCommand struct {
	clientsAt `embed:""`
	Name      string `arg:"" help:"The client's name or id."`
	Expires   string `help:"When the new secret ends: a day, as in 2027-01-01, a time from now, as in 90d, or never. It must be said where the one before ends." placeholder:"WHEN"`
	Now       bool   `help:"End the secrets that it has, as after one of them leaked."`
}

// Run gives a client a second secret. Of two it had, the older goes.
func (c clientRotateCommand) Run(to streams) error {
	f, at, err := c.must(c.Name)
	if err != nil {
		return err
	}
	until, err := ends(c.Expires)
	if err != nil {
		return exitError{exitUsage, err}
	}
	row := f.Clients()[at]
	kept := row.Secrets
	if n := len(kept); n > 0 {
		kept = kept[n-1:]
	}
	if c.Expires == "" && len(kept) > 0 && kept[0].Expires != "" {
		return exitError{exitUsage, fmt.Errorf("the secret that %s has ends on %s, and nothing says when the new one ends\nhint: as in --expires 90d, or --expires never", c.Name, kept[0].Expires)}
	}
	if c.Now {
		kept = nil
	}
	secret, hash := tokens.NewSecret()
	if err := f.SetSecrets(at, append(kept[:len(kept):len(kept)], tokens.SecretSettings{Hash: hash, Expires: until})); err != nil {
		return err
	}
	if err := f.Write(); err != nil {
		return err
	}
	return printClient(to, c.Format, f.Path(), f.Clients()[at], secret)
}

type clientRemoveCommand struct {
	clientsAt `embed:""`
	Name      string `arg:"" help:"The client's name or id."`
}

// Run removes a client. Tokens that it has are good until they end.
func (c clientRemoveCommand) Run(to streams) error {
	f, at, err := c.must(c.Name)
	if err != nil {
		return err
	}
	row := f.Clients()[at]
	if err := f.Remove(at); err != nil {
		return err
	}
	if err := f.Write(); err != nil {
		return err
	}
	if !c.People() {
		return c.On(to.out, to.err).One(shownOf(row, ""), row.Label(), nil)
	}
	fmt.Fprintf(to.err, "removed %s; the tokens that it has are good until they end\n", row.Label())
	return nil
}
