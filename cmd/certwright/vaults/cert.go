package vaults

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"sort"
	"strings"
	"time"

	"certwright/internal/client/keyvault"
	"certwright/internal/print"
)

// Cert has the commands about certificates.
type Cert struct {
	New      certNew      `cmd:"" help:"Have a certificate made: self-signed, by an issuer of the vault, or by an authority of your own."`
	List     certList     `cmd:"" help:"List the certificates, what expires next first."`
	Show     certShow     `cmd:"" help:"Show a certificate: what it is, when it expires and renews, what is in progress."`
	Versions certVersions `cmd:"" help:"List the versions of a certificate."`
	Renew    certRenew    `cmd:"" help:"Have a new version made by the policy that the certificate has."`
	Cancel   certCancel   `cmd:"" help:"Cancel what is in progress of a certificate."`
	Merge    certMerge    `cmd:"" help:"Complete a certificate with what an authority of your own signed."`
	Import   certImport   `cmd:"" help:"Import a certificate with its key from a PFX or PEM file."`
	Export   certExport   `cmd:"" help:"Write a certificate to files: PEM, PFX, chain, key."`
	Policy   certPolicy   `cmd:"" help:"Show or change by which policy a certificate is made and renewed."`
	Disable  certDisable  `cmd:"" help:"Disable a version of a certificate: its key and secret cannot be had any more."`
	Enable   certEnable   `cmd:"" help:"Enable a version of a certificate."`
	Delete   certDelete   `cmd:"" help:"Delete a certificate; it can be recovered for some time."`
	Recover  certRecover  `cmd:"" help:"Bring a deleted certificate back."`
	Purge    certPurge    `cmd:"" help:"Remove a deleted certificate for good."`
	Revoke   certRevoke   `cmd:"" help:"Have a version of a certificate revoked by the authority that issued it."`
}

// Help says where the vault is looked for.
func (Cert) Help() string {
	return `These commands ask the Key Vault API: of the server that runs here, or of the vault that --vault or AZURE_KEYVAULT_URL names, at Azure too.
They sign in by CERTWRIGHT_TOKEN, a client's secret or certificate, a managed identity, or Azure CLI, whichever is there. A development server asks for nothing.

Example:
  certwright cert new web --issuer Self --dns web.example.org
  certwright cert list`
}

// name is the certificate that a command is about.
type name struct {
	Name string `arg:"" help:"The certificate's name."`
}

type certList struct {
	At           `embed:""`
	print.Format `embed:""`
	Deleted      bool   `help:"List those that are deleted and can be recovered."`
	Within       string `help:"List only those that expire within this time, as in 30d, or have expired." placeholder:"TIME"`
}

// Help shows how it is used.
func (certList) Help() string {
	return `A table is sorted by what expires next; -o jsonl and -o name print as the vault lists them, a line each, however many there are.

Example:
  certwright cert list --within 30d
  certwright cert list -o name --vault https://web.vault.azure.net`
}

// Run lists them.
func (c certList) Run(ctx context.Context, to print.Streams, find Find) error {
	within, err := span("--within", c.Within)
	if err != nil {
		return err
	}
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	now, p := v.Now(ctx), to.On(c.Format)
	all := v.Certificates().List(ctx)
	table := print.Table[keyvault.Item]{Name: func(i keyvault.Item) string { return i.ID.Name() }, None: "there are no certificates; certwright cert new makes one", Columns: []print.Column[keyvault.Item]{
		{Head: "NAME", Cell: func(i keyvault.Item) string { return i.ID.Name() }},
		{Head: "STATE", Cell: func(i keyvault.Item) string { return state(now, version(i)) }, Tone: func(i keyvault.Item) print.Tone { return tone(now, version(i)) }},
		{Head: "EXPIRES", Cell: func(i keyvault.Item) string { return when(now, version(i).Expires) }, Tone: func(i keyvault.Item) print.Tone { return tone(now, version(i)) }},
		{Head: "TAGS", Cell: func(i keyvault.Item) string { return strings.ReplaceAll(tagText(i.Tags), "\n", " ") }},
		{Head: "THUMBPRINT", Cell: func(i keyvault.Item) string { return hexOf(i.Thumbprint) }},
	}}
	if c.Deleted {
		all, table.None = v.Certificates().Deleted(ctx), "nothing is deleted"
		table.Columns[1] = print.Column[keyvault.Item]{Head: "PURGED", Cell: func(i keyvault.Item) string { return when(now, i.Purge) }}
	}
	if within > 0 {
		all, table.None = only(all, func(i keyvault.Item) bool {
			expires := version(i).Expires
			return !expires.IsZero() && expires.Sub(now) <= within
		}), "nothing expires within "+print.Length(within)
	}
	if p.Form != print.AsLines && p.Form != print.AsNames {
		all = sorted(all)
	}
	return print.List(p, table, all)
}

// version are the attributes of a certificate's version; those of one that has
// none yet say what it may be, and are not believed.
func version(i keyvault.Item) keyvault.Attributes {
	if i.Thumbprint == "" {
		return keyvault.Attributes{}
	}
	return i.Attributes
}

// span reads a time as people write it: 30d, 36h.
func span(flag, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	var days int
	if n, found := strings.CutSuffix(text, "d"); found {
		if _, err := fmt.Sscanf(n, "%d", &days); err == nil && days > 0 && fmt.Sprint(days) == n {
			return time.Duration(days) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, misused("%s %q is not a time\nhint: write it as in 30d or 36h", flag, text)
	}
	return d, nil
}

func only(all iter.Seq2[keyvault.Item, error], keep func(keyvault.Item) bool) iter.Seq2[keyvault.Item, error] {
	return func(yield func(keyvault.Item, error) bool) {
		for i, err := range all {
			if (err != nil || keep(i)) && !yield(i, err) {
				return
			}
		}
	}
}

// sorted has what expires next first, and what has no version yet last.
func sorted(all iter.Seq2[keyvault.Item, error]) iter.Seq2[keyvault.Item, error] {
	return func(yield func(keyvault.Item, error) bool) {
		var found []keyvault.Item
		var failed error
		for i, err := range all {
			if failed = err; err == nil {
				found = append(found, i)
			}
		}
		sort.SliceStable(found, func(i, j int) bool {
			x, y := version(found[i]).Expires, version(found[j]).Expires
			if x.IsZero() != y.IsZero() {
				return y.IsZero()
			}
			return cmp.Or(x.Compare(y.Time), strings.Compare(found[i].ID.Name(), found[j].ID.Name())) < 0
		})
		for _, i := range found {
			if !yield(i, nil) {
				return
			}
		}
		if failed != nil {
			yield(keyvault.Item{}, failed)
		}
	}
}

type certVersions struct {
	At           `embed:""`
	print.Format `embed:""`
	name         `embed:""`
}

// Help shows how it is used.
func (certVersions) Help() string { return "Example:\n  certwright cert versions web" }

// Run lists the versions of one.
func (c certVersions) Run(ctx context.Context, to print.Streams, find Find) error {
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	now := v.Now(ctx)
	return named(print.List(to.On(c.Format), print.Table[keyvault.Item]{Name: func(i keyvault.Item) string { return i.ID.Version() }, None: c.Name + " has no version yet", Columns: []print.Column[keyvault.Item]{
		{Head: "VERSION", Cell: func(i keyvault.Item) string { return i.ID.Version() }},
		{Head: "STATE", Cell: func(i keyvault.Item) string { return state(now, i.Attributes) }, Tone: func(i keyvault.Item) print.Tone { return tone(now, i.Attributes) }},
		{Head: "CREATED", Cell: func(i keyvault.Item) string { return when(now, i.Attributes.Created) }},
		{Head: "EXPIRES", Cell: func(i keyvault.Item) string { return when(now, i.Attributes.Expires) }},
		{Head: "THUMBPRINT", Cell: func(i keyvault.Item) string { return hexOf(i.Thumbprint) }},
	}}, v.Certificates().Versions(ctx, c.Name)))
}
