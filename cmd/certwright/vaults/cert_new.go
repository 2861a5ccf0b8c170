package vaults

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"strings"

	"certwright/internal/ask"
	"certwright/internal/client/keyvault"
	"certwright/internal/client/reach"
	"certwright/internal/material"
	"certwright/internal/print"
)

type certNew struct {
	At           `embed:""`
	print.Format `embed:""`
	Name         string            `arg:"" optional:"" help:"The certificate's name; asked for on a terminal."`
	Wait         Wait              `help:"Wait until it is made, for up to 10m or as it says: --wait=1h." placeholder:"TIME"`
	CSROut       string            `name:"csr-out" help:"Write the certificate signing request to this file." placeholder:"FILE"`
	Tag          map[string]string `help:"A tag, as in team=web." placeholder:"NAME=VALUE"`
	Disabled     bool              `help:"Make it disabled."`
	policyFlags  `embed:""`
}

// Help shows how it is used.
func (certNew) Help() string {
	return `On a terminal it asks for what is missing. Anywhere else it asks for nothing, and says which flag is missing.

Example:
  certwright cert new web --issuer Self --dns web.example.org
  certwright cert new web --issuer corp --dns web.example.org --wait
  certwright cert new web --issuer Unknown --dns web.example.org --csr-out web.csr   # then: sign web.csr; certwright cert merge web signed.pem`
}

// Run has it made.
func (c certNew) Run(ctx context.Context, to print.Streams, find Find) error {
	p := ask.At(to)
	if err := c.missing(); err != nil && p == nil {
		return err
	}
	policy, err := readPolicy(to, c.PolicyFile)
	if err != nil {
		return err
	}
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	if err := c.missing(); err != nil {
		if err := c.ask(ctx, p, v); err != nil {
			return err
		}
	}
	if err := c.onto(&policy); err != nil {
		return err
	}
	if had, err := v.Certificates().Get(ctx, c.Name, ""); err == nil && len(had.Leaf) > 0 {
		fmt.Fprintf(to.Err, "%s is there already: this makes its next version, by another policy\n", c.Name)
	}
	in := keyvault.Create{Policy: &policy, Tags: c.Tag}
	if c.Disabled {
		in.Attributes = &keyvault.Attributes{Enabled: keyvault.On(false)}
	}
	return order{At: c.At, Format: c.Format, name: c.Name, csrOut: c.CSROut, wait: c.Wait}.place(ctx, to, v, in)
}

// missing says which flag is missing.
func (c certNew) missing() error {
	switch {
	case c.Name == "":
		return misused("the certificate has no name\nhint: certwright cert new NAME --issuer ISSUER --dns HOST")
	case c.PolicyFile != "":
		return nil
	case c.Issuer == "":
		return misused("it is not said who issues %s\nhint: --issuer Self signs it by its own key, --issuer Unknown has you sign it by an authority of your own; certwright issuer list shows the vault's issuers", c.Name)
	case !c.names():
		return misused("it is not said what %s is for\nhint: --dns www.example.org, or --subject CN=..., --email, --ip, --uri", c.Name)
	}
	return nil
}

// ask asks for what is missing.
func (c *certNew) ask(ctx context.Context, p *ask.Person, v *reach.Vault) (err error) {
	if c.Name == "" {
		if c.Name, err = p.Line("name of the certificate in the vault, as in web", ""); err != nil {
			return err
		}
	}
	if c.Issuer == "" {
		if c.Issuer, err = askIssuer(ctx, p, v); err != nil {
			return err
		}
	}
	if !c.names() {
		text, err := p.Line("DNS names, as in www.example.org example.org", "")
		if err != nil {
			return err
		}
		c.DNS = strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' })
	}
	if c.Issuer == unknownIssuer && c.CSROut == "" {
		if c.CSROut, err = p.Line("file for the certificate signing request", c.Name+".csr"); err != nil {
			return err
		}
	}
	return c.missing()
}

// askIssuer shows who can issue and asks for one.
func askIssuer(ctx context.Context, p *ask.Person, v *reach.Vault) (string, error) {
	names := []string{selfIssuer, unknownIssuer}
	said := []string{selfIssuer + " (signed by its own key)", unknownIssuer + " (you have its request signed by an authority of your own)"}
	for i, err := range v.Issuers().List(ctx) {
		if keyvault.Is(err, 403, "") {
			break // who may make certificates need not see the issuers
		}
		if err != nil {
			return "", err
		}
		names, said = append(names, i.Name()), append(said, i.Name()+" ("+i.Provider+")")
	}
	p.Say("who issues it:")
	text, err := p.OneOf("issuer", said, said[0])
	for i := range said {
		if said[i] == text {
			return names[i], err
		}
	}
	return "", err
}

type certRenew struct {
	At           `embed:""`
	print.Format `embed:""`
	name         `embed:""`
	Wait         Wait   `help:"Wait until it is made, for up to 10m or as it says: --wait=1h." placeholder:"TIME"`
	CSROut       string `name:"csr-out" help:"Write the certificate signing request to this file." placeholder:"FILE"`
}

// Help shows how it is used.
func (certRenew) Help() string { return "Example:\n  certwright cert renew web --wait" }

// Run has a new version made by the policy that there is.
func (c certRenew) Run(ctx context.Context, to print.Streams, find Find) error {
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	had, err := v.Certificates().Get(ctx, c.Name, "")
	if err != nil {
		return named(err)
	}
	policy, err := v.Certificates().Policy(ctx, c.Name)
	if err != nil {
		return err
	}
	policy.ID, policy.Attributes = "", nil
	return order{At: c.At, Format: c.Format, name: c.Name, csrOut: c.CSROut, wait: c.Wait}.place(ctx, to, v, keyvault.Create{Policy: &policy, Tags: had.Tags})
}

// An order is how a new version is asked for and what is said of it.
type order struct {
	At
	print.Format
	name, csrOut string
	wait         Wait
}

// place asks for the version, and tells what became of it.
func (r order) place(ctx context.Context, to print.Streams, v *reach.Vault, in keyvault.Create) error {
	o, err := v.Operations().Create(ctx, r.name, in)
	if err != nil {
		return named(err)
	}
	if r.csrOut != "" {
		if err := material.WritePublic(r.csrOut, csrPEM(o.CSR), false); err != nil {
			return fmt.Errorf("%w\n%s is in progress all the same: certwright order csr %s prints its request", err, r.name, r.name)
		}
		fmt.Fprintf(to.Err, "wrote %s: the certificate signing request\n", r.csrOut)
	}
	if r.wait.For > 0 {
		o, err = waiter{v, to, r.name}.wait(ctx, r.wait.For)
	} else if o.Status == keyvault.InProgress && o.Issuer.Name != unknownIssuer {
		o, err = v.Operations().Get(ctx, r.name) // what has nothing to wait for is done by now
	}
	if err != nil {
		return err
	}
	return r.tell(ctx, to, v, o)
}

func (r order) tell(ctx context.Context, to print.Streams, v *reach.Vault, o keyvault.Operation) error {
	p := to.On(r.Format)
	err := p.One(o, r.name, func(w io.Writer) error { return r.people(ctx, w, v, o) })
	if err != nil {
		return err
	}
	switch {
	case o.Status == keyvault.Failed:
		return fmt.Errorf("%s was not made: %s\nhint: certwright cert show %s says more; certwright cert renew %s tries again", r.name, failure(&o), r.name, r.name)
	case o.Status == keyvault.Cancelled:
		return fmt.Errorf("%s was cancelled", r.name)
	}
	return nil
}

// people tells a person what became of it and what is next.
func (r order) people(ctx context.Context, w io.Writer, v *reach.Vault, o keyvault.Operation) error {
	switch o.Status {
	case keyvault.Completed:
		c, err := v.Certificates().Get(ctx, r.name, "")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s is made: version %s, it expires %s\n", r.name, c.ID.Version(), when(v.Now(ctx), c.Attributes.Expires))
		return err
	case keyvault.InProgress:
		return r.going(w, o)
	}
	return nil
}

// going tells how it goes on.
func (r order) going(w io.Writer, o keyvault.Operation) (err error) {
	if o.Issuer.Name != unknownIssuer {
		_, err = fmt.Fprintf(w, "%s is in progress: %s\nnext: %s\n", r.name, print.Plain(o.Details), nextStep(r.name, o))
		return err
	}
	file := r.csrOut
	if file == "" {
		file = r.name + ".csr"
		fmt.Fprintf(w, "%s waits for its certificate\nnext: certwright order csr %s > %s\n", r.name, r.name, file)
	} else {
		fmt.Fprintf(w, "%s waits for its certificate\n", r.name)
	}
	_, err = fmt.Fprintf(w, "next: have %s signed by your authority, then: certwright cert merge %s signed.pem\n", file, r.name)
	return err
}

// csrPEM writes a request as authorities take it.
func csrPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}
