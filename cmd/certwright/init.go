package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"certwright/internal/ask"
	"certwright/internal/clientenv"
	"certwright/internal/config"
	"certwright/internal/files"
	"certwright/internal/print"
	"certwright/internal/setup"
)

type initCommand struct {
	File  string `arg:"" optional:"" default:"certwright.yaml" help:"The file to write (certwright.yaml)."`
	For   string `help:"For which server: dev or serve." enum:",dev,serve" default:"" placeholder:"SERVER"`
	Force bool   `help:"Replace a file that is there."`

	Host  string   `help:"The name below which vaults are reached, as in vault.example.org (serve)." placeholder:"NAME"`
	Vault []string `help:"A vault (serve); may be said again, or with commas." placeholder:"NAME"`
	Cert  string   `name:"tls-cert" help:"The file with the TLS certificate and its chain (serve)." placeholder:"FILE"`
	Key   string   `name:"tls-key" help:"The file with its key (serve)." placeholder:"FILE"`
	Data  string   `help:"The data folder." placeholder:"DIR"`

	Authority []string `help:"An authority that issues: internal, letsencrypt, acme, digicert or openbao; may be said again." enum:"internal,letsencrypt,acme,digicert,openbao" placeholder:"KIND"`
	Directory string   `help:"The directory's address, of acme." placeholder:"URL"`
	Address   string   `help:"The server's address, of openbao." placeholder:"URL"`
	Role      string   `help:"The role there, of openbao." placeholder:"NAME"`

	MailHost string `help:"The mail server, as in mail.example.org:587." placeholder:"HOST"`
	MailFrom string `help:"From whom mail comes." placeholder:"ADDRESS"`

	SignIn string `help:"How callers sign in (serve): token-service, oidc or entra." enum:",token-service,oidc,entra" default:"" placeholder:"WAY"`
	Issuer string `help:"The issuer's address, of oidc; the tenant's id, of entra." placeholder:"URL"`
	Admin  string `help:"Who may do everything: the client's name; of oidc and entra the subject in its tokens." placeholder:"WHO"`
}

// Help shows how it is used.
func (initCommand) Help() string {
	return `Writes a configuration with a comment at each thing that you may want to change. At a terminal it asks for what no flag says; elsewhere what is
missing has its usual value, or is asked for by an error. What it wrote it reads back.

Examples:
  certwright init
  certwright init dev.yaml --for dev --authority internal
  certwright init /etc/certwright/config.yaml --for serve --host vault.example.org --vault web --sign-in token-service`
}

// Run asks, writes, and reads back.
func (i initCommand) Run(_ context.Context, to streams) error {
	if _, err := os.Stat(i.File); err == nil && !i.Force {
		return fmt.Errorf("%s is there already\nhint: name another file, or replace it by --force", i.File)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	q := questions{person: ask.At(to.all())}
	answers := i.answers(&q)
	if q.err != nil {
		return q.err
	}
	text := answers.Text()
	c, err := config.Parse([]byte(text), filepath.Dir(i.File))
	if c.Production = answers.Production; err == nil {
		err = c.Check()
	}
	if err != nil { // an answer that will not do, named by its setting
		return exitError{exitUsage, fmt.Errorf("what was answered will not do: %w", err)}
	}
	if err := files.Replace(i.File, []byte(text), 0o600); err != nil {
		return err
	}
	fmt.Fprintln(to.out, i.File)
	i.next(to, answers)
	return nil
}

// next says what to type now.
func (i initCommand) next(to streams, a setup.Answers) {
	file := clientenv.Word(i.File)
	if !a.Production {
		fmt.Fprintf(to.err, "next: certwright dev --config %s\n", file)
		return
	}
	fmt.Fprintf(to.err, "next:\n  put the TLS certificate and its key where tls names them\n")
	if a.SignIn == setup.ByToken {
		fmt.Fprintf(to.err, "  certwright client add %s --config %s      prints the client's secret, once\n", clientenv.Word(a.Administrator), file)
	}
	fmt.Fprintf(to.err, "  certwright check --config %s             goes through all that it needs\n  certwright serve --config %[1]s\n", file)
}

// questions asks for what no flag said, if there is somebody.
type questions struct {
	person *ask.Person
	err    error
}

// one is the answer that a flag gave, else a person, else the usual one. Without
// any it is an error that names the flag.
func (q *questions) one(said, flag, question, usual string) string {
	if said != "" || q.err != nil {
		return said
	}
	if q.person != nil {
		said, q.err = q.person.Line(question, usual)
	} else {
		said = usual
	}
	if said == "" && q.err == nil {
		q.err = exitError{exitUsage, fmt.Errorf("%s is missing\nhint: say it by --%s", question, flag)}
	}
	return said
}

// choice is one of some.
func (q *questions) choice(said, question string, all []string, usual string) string {
	if said != "" || q.err != nil {
		return said
	}
	if q.person == nil {
		return usual
	}
	said, q.err = q.person.OneOf(question, all, usual)
	return said
}

// optional is one that may be left out; "-" leaves it out where there is a usual one.
func (q *questions) optional(said, question string) string {
	if said != "" || q.err != nil || q.person == nil {
		return said
	}
	said, q.err = q.person.Line(question+" (nothing for none)", "")
	return said
}

// several are words, parted by spaces or commas.
func (q *questions) several(said []string, flag, question, usual string) []string {
	if len(said) > 0 || q.err != nil {
		return said
	}
	return strings.FieldsFunc(q.one("", flag, question, usual), func(r rune) bool { return r == ' ' || r == ',' })
}

func (i initCommand) answers(q *questions) setup.Answers {
	a := setup.Answers{Data: i.Data, Cert: i.Cert, Key: i.Key}
	a.Production = q.choice(i.For, "for which server", []string{"dev", "serve"}, "dev") == "serve"
	if a.Production {
		a.Host = q.one(i.Host, "host", "the name below which vaults are reached, as in vault.example.org", "")
		a.Vaults = q.several(i.Vault, "vault", "the vaults", "")
	}
	i.authorities(q, &a)
	if a.MailHost = q.optional(i.MailHost, "the mail server, as in mail.example.org:587"); a.MailHost != "" {
		a.MailFrom = q.one(i.MailFrom, "mail-from", "from whom mail comes, as in certs@example.org", "")
	}
	if a.Production {
		i.signIn(q, &a)
	}
	return a
}

func (i initCommand) authorities(q *questions, a *setup.Answers) {
	a.Authorities = q.several(i.Authority, "authority", "which authorities issue: "+strings.Join(setup.Authorities(), ", "), setup.Internal)
	for _, name := range a.Authorities {
		if q.err == nil && !slices.Contains(setup.Authorities(), name) {
			q.err = exitError{exitUsage, fmt.Errorf("there is no authority %q here\nhint: use %s; others are added to the file", print.Plain(name), strings.Join(setup.Authorities(), ", "))}
		}
	}
	if slices.Contains(a.Authorities, setup.ACME) {
		a.Directory = q.one(i.Directory, "directory", "the address of the ACME directory", "")
	}
	if slices.Contains(a.Authorities, setup.OpenBao) {
		a.Address = q.one(i.Address, "address", "the address of OpenBao, as in https://bao.example.org:8200", "")
		a.Role = q.one(i.Role, "role", "the role of its PKI engine", "")
	}
}

func (i initCommand) signIn(q *questions, a *setup.Answers) {
	a.SignIn = q.choice(i.SignIn, "how callers sign in", setup.SignIns(), setup.ByToken)
	switch a.SignIn {
	case setup.ByOIDC:
		a.Issuer = q.one(i.Issuer, "issuer", "the address of the OpenID Connect provider", "")
		if u, err := url.Parse(a.Issuer); q.err == nil && (err != nil || u.Host == "") {
			q.err = exitError{exitUsage, fmt.Errorf("%q is not the address of a provider\nhint: write it as in https://sso.example.org/realms/corp", print.Plain(a.Issuer))}
		}
		a.Administrator = q.one(i.Admin, "admin", "the administrator, by the subject (sub) of the tokens", "")
	case setup.ByEntra:
		a.Issuer = q.one(i.Issuer, "issuer", "the id of the tenant", "")
		a.Administrator = q.one(i.Admin, "admin", "the administrator, by the object id (oid)", "")
	default:
		a.Administrator = q.one(i.Admin, "admin", "the administrator's client", "admin")
	}
}
