package vaults

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"certwright/internal/client/keyvault"
	"certwright/internal/client/reach"
	"certwright/internal/print"
)

type certShow struct {
	At           `embed:""`
	print.Format `embed:""`
	name         `embed:""`
	Version      string `arg:"" optional:"" help:"The version; the latest if not given."`
	Wait         Wait   `help:"Wait until nothing is in progress any more, for up to 10m or as it says: --wait=1h." placeholder:"TIME"`
}

// Help shows how it is used.
func (certShow) Help() string {
	return "Example:\n  certwright cert show web\n  certwright cert show web -o json | jq -r .x5t"
}

// A shown certificate is one with what is in progress of it, or ended last.
type shown struct {
	keyvault.Certificate
	Operation *keyvault.Operation `json:"operation,omitempty"`
}

// Run shows it.
func (c certShow) Run(ctx context.Context, to print.Streams, find Find) error {
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	if c.Wait.For > 0 {
		if _, err := (waiter{v, to, c.Name}).wait(ctx, c.Wait.For); err != nil && !keyvault.Is(err, 404, "PendingCertificateNotFound") {
			return err
		}
	}
	all, err := look(ctx, v, c.Name, c.Version)
	if err != nil {
		return named(err)
	}
	p, now := to.On(c.Format), v.Now(ctx)
	return p.One(all, c.Name, func(w io.Writer) error { return p.Fields(w, fields(now, v, all)...) })
}

// look reads a certificate, and of the latest version what is in progress.
func look(ctx context.Context, v *reach.Vault, name, version string) (all shown, err error) {
	if all.Certificate, err = v.Certificates().Get(ctx, name, version); err != nil || version != "" {
		return all, err
	}
	o, err := v.Operations().Get(ctx, name)
	switch {
	case keyvault.Is(err, 404, ""), keyvault.Is(err, 403, ""): // who may read a certificate need not be shown its orders
		return all, nil
	case err != nil:
		return all, err
	default:
		all.Operation = &o
		if o.Status == keyvault.Completed && len(all.Leaf) == 0 { // it was completed by the look
			all.Certificate, err = v.Certificates().Get(ctx, name, version)
		}
	}
	return all, err
}

// fields is a certificate as people read it.
func fields(now time.Time, v *reach.Vault, c shown) []print.Field {
	if len(c.Leaf) == 0 {
		c.Attributes = keyvault.Attributes{} // they are of what it may be
	}
	a := c.Attributes
	out := []print.Field{
		{Label: "name", Text: c.ID.Name()},
		{Label: "vault", Text: v.Client.Vault.String()},
		{Label: "state", Text: stateOf(now, c), Tone: tone(now, a)},
	}
	out = append(out, leafFields(c.Leaf)...)
	out = append(out, print.Field{Label: "valid from", Text: when(now, a.NotBefore)}, print.Field{Label: "expires", Text: when(now, a.Expires), Tone: tone(now, a)})
	out = append(out, policyFields(now, c)...)
	out = append(out, print.Field{Label: "thumbprint", Text: hexOf(c.Thumbprint)}, print.Field{Label: "version", Text: c.ID.Version()}, print.Field{Label: "key id", Text: c.KeyID}, print.Field{Label: "secret id", Text: c.SecretID}, print.Field{Label: "tags", Text: tagText(c.Tags)})
	return append(out, operationFields(c.ID.Name(), c.Operation)...)
}

func stateOf(now time.Time, c shown) string {
	text := state(now, c.Attributes)
	if o := c.Operation; o != nil && o.Status == keyvault.InProgress {
		text += ", one in progress"
	}
	return text
}

// leafFields are what the certificate itself says.
func leafFields(der []byte) []print.Field {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	names := slices.Concat(c.DNSNames, c.EmailAddresses)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	for _, u := range c.URIs {
		names = append(names, u.String())
	}
	return []print.Field{
		{Label: "subject", Text: c.Subject.String()},
		{Label: "names", Text: strings.Join(names, "\n")},
		{Label: "issued by", Text: c.Issuer.String()},
		{Label: "serial number", Text: fmt.Sprintf("%X", c.SerialNumber)},
		{Label: "key", Text: keyText(c.PublicKey)},
	}
}

func keyText(public any) string {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", k.N.BitLen())
	case *ecdsa.PublicKey:
		return "EC " + k.Curve.Params().Name
	}
	return ""
}

// policyFields say who issues, and when it renews.
func policyFields(now time.Time, c shown) (out []print.Field) {
	if c.Policy == nil {
		return nil
	}
	if i := c.Policy.Issuer; i != nil {
		out = append(out, print.Field{Label: "issuer", Text: i.Name})
	}
	from, to := c.Attributes.NotBefore.Time, c.Attributes.Expires.Time
	for _, l := range c.Policy.Lifetime {
		at := to.AddDate(0, 0, -l.Trigger.Days)
		said := fmt.Sprintf("%d days before it expires", l.Trigger.Days)
		if p := l.Trigger.Percentage; p > 0 {
			at, said = from.Add(to.Sub(from)/100*time.Duration(p)), fmt.Sprintf("at %d%% of its validity", p)
		}
		if !to.IsZero() {
			said = print.When(now, at) + ", " + said
		}
		if l.Action.Type == "AutoRenew" {
			out = append(out, print.Field{Label: "renews", Text: said})
		} else {
			out = append(out, print.Field{Label: "mail", Text: "a person is told to renew it " + said})
		}
	}
	return out
}

func tagText(tags map[string]string) string {
	var all []string
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		all = append(all, k+"="+tags[k])
	}
	return strings.Join(all, "\n")
}

// operationFields say what is in progress, or how what ended last did.
func operationFields(name string, o *keyvault.Operation) []print.Field {
	if o == nil {
		return nil
	}
	switch o.Status {
	case keyvault.Failed:
		return []print.Field{{Label: "last order", Text: "failed: " + failure(o), Tone: print.Bad}, {Label: "next", Text: "certwright cert renew " + name + " tries again"}}
	case keyvault.InProgress:
		text := o.Details
		if o.CancelRequested {
			text = "its cancellation is asked for. " + text
		}
		return []print.Field{{Label: "in progress", Text: text, Tone: print.Warn}, {Label: "next", Text: nextStep(name, *o)}}
	case keyvault.Cancelled:
		return []print.Field{{Label: "last order", Text: "cancelled"}}
	}
	return nil
}

func failure(o *keyvault.Operation) string {
	if o.Error == nil {
		return "the vault says no more"
	}
	return o.Error.Code + ": " + o.Error.Message
}

// nextStep says what a person may do about an operation in progress.
func nextStep(name string, o keyvault.Operation) string {
	if o.Issuer.Name == unknownIssuer {
		return "have its request signed: certwright order csr " + name + " > " + name + ".csr; then: certwright cert merge " + name + " signed.pem"
	}
	return "certwright cert show " + name + " --wait waits for it; certwright cert cancel " + name + " ends it"
}

// The names of issuers that every vault has.
const (
	selfIssuer    = "Self"
	unknownIssuer = "Unknown"
)
