package vaults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"go.yaml.in/yaml/v4"

	"certwright/internal/client/keyvault"
	"certwright/internal/material"
	"certwright/internal/print"
)

type certPolicy struct {
	Get policyGet `cmd:"" help:"Show the policy of a certificate."`
	Set policySet `cmd:"" help:"Change the policy of a certificate; its next version is made by it."`
}

type policyGet struct {
	At           `embed:""`
	print.Format `embed:""`
	name         `embed:""`
}

// Help shows how it is used.
func (policyGet) Help() string {
	return "It is YAML that cert policy set and cert new take back.\n\nExample:\n  certwright cert policy get web > policy.yaml"
}

// Run prints it; as YAML for people, too.
func (c policyGet) Run(ctx context.Context, to print.Streams, find Find) error {
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	p, err := v.Certificates().Policy(ctx, c.Name)
	if err != nil {
		return named(err)
	}
	return showPolicy(to.On(c.Format), c.Name, p)
}

func showPolicy(p *print.Printer, name string, policy keyvault.Policy) error {
	return p.One(policy, name, func(io.Writer) error {
		as := *p
		as.Form = print.AsYAML
		return as.One(policy, name, nil)
	})
}

type policySet struct {
	At           `embed:""`
	print.Format `embed:""`
	name         `embed:""`
	File         string `arg:"" optional:"" help:"A file with a policy, or what is to change of one (YAML or JSON); - for stdin."`
	policyFlags  `embed:""`
}

// Help shows how it is used.
func (policySet) Help() string {
	return "Example:\n  certwright cert policy set web --validity 3 --renew-at 30d\n  certwright cert policy get web > policy.yaml   # edit it\n  certwright cert policy set web policy.yaml"
}

// Run changes what the file and the flags say.
func (c policySet) Run(ctx context.Context, to print.Streams, find Find) error {
	if c.File == "" {
		c.File = c.PolicyFile
	}
	change, err := readPolicy(to, c.File)
	if err != nil {
		return err
	}
	said := change
	if err := c.onto(&change); err != nil {
		return err
	}
	if c.File == "" && same(said, change) {
		return misused("nothing is to change\nhint: name a file, or say what, as in --validity 3")
	}
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	p, err := v.Certificates().SetPolicy(ctx, c.Name, change)
	if err != nil {
		return named(err)
	}
	fmt.Fprintf(to.Err, "the next version of %s is made by this policy; certwright cert renew %s has it made now\n", c.Name, c.Name)
	return showPolicy(to.On(c.Format), c.Name, p)
}

func same(a, b keyvault.Policy) bool {
	x, _ := json.Marshal(a) // plain structs
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// readPolicy reads a policy from a file, "-" for stdin, "" for an empty one. What
// says when it was made and where it is, is left out.
func readPolicy(to print.Streams, file string) (p keyvault.Policy, err error) {
	if file == "" {
		return p, nil
	}
	var text []byte
	if file == "-" {
		text, err = io.ReadAll(io.LimitReader(to.In, material.MaxFile))
	} else {
		text, err = material.Read(file)
	}
	if err != nil {
		return p, err
	}
	var read map[string]any
	if err := yaml.Unmarshal(text, &read); err != nil {
		return p, misused("%s is neither YAML nor JSON: %w", file, err)
	}
	if inner, ok := read["policy"].(map[string]any); ok { // of a certificate that was shown
		read = inner
	}
	asJSON, err := json.Marshal(read)
	if err != nil {
		return p, misused("%s: %w", file, err)
	}
	in := json.NewDecoder(bytes.NewReader(asJSON))
	in.DisallowUnknownFields()
	if err := in.Decode(&p); err != nil {
		return p, misused("%s is not a policy: %w\nhint: certwright cert policy get NAME shows one", file, err)
	}
	if a := p.Attributes; a != nil {
		p.Attributes = &keyvault.Attributes{Enabled: a.Enabled}
	}
	p.ID = ""
	return p, nil
}
