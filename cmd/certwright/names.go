package main

import (
	"context"
	"iter"
	"os"
	"strings"
	"time"

	"certwright/internal/admin"
	"certwright/internal/client"
	"certwright/internal/client/keyvault"
	"certwright/internal/client/reach"
	"certwright/internal/usage"
)

// What a person waits for when he presses the key, and reads.
const (
	namesTime = 2 * time.Second
	mostNames = 200
)

// known are the words that fit a place and that the server or the program knows.
// What cannot be asked in time has none.
func known(ctx context.Context, p usage.Place) []usage.Choice {
	ctx, stop := context.WithTimeout(ctx, namesTime)
	defer stop()
	group, leaf, _ := strings.Cut(p.Command, " ")
	switch {
	case p.Flag == "reason":
		return choicesOf(admin.Reasons())
	case p.Flag == "vault":
		return vaultNames(ctx, p)
	case p.Flag == "issuer", group == "issuer" && p.Argument == "name", p.Argument == "issuer":
		return issuerNames(ctx, p)
	case p.Argument == "name":
		return objectNames(ctx, p, group, leaf == "recover" || leaf == "purge")
	case p.Argument == "version" && len(p.Words) > 0:
		return versionsOf(ctx, p, group)
	}
	return nil
}

func choicesOf(words []string) (all []usage.Choice) {
	for _, w := range words {
		all = append(all, usage.Choice{Word: w})
	}
	return all
}

// here finds the server that the flags of the line mean.
func here(p usage.Place) func(context.Context) (*client.Client, error) {
	return func(ctx context.Context) (*client.Client, error) {
		return running{inFolder: inFolder{p.Flags["data"]}, Config: p.Flags["config"]}.find(ctx)
	}
}

// vaultOf is the vault that the flags of the line mean.
func vaultOf(ctx context.Context, p usage.Place) *reach.Vault {
	v, err := reach.To(ctx, reach.Options{
		Vault: p.Flags["vault"], Here: p.Flags["data"] != os.Getenv("CERTWRIGHT_DATA") || p.Flags["config"] != os.Getenv("CERTWRIGHT_CONFIG"), Find: here(p),
		CAFile: p.Flags["ca-file"], ClientID: p.Flags["client-id"], Tenant: p.Flags["tenant-id"], SecretFile: p.Flags["client-secret-file"], Certificate: p.Flags["client-certificate"],
	})
	if err != nil {
		return nil
	}
	return v
}

func vaultNames(ctx context.Context, p usage.Place) []usage.Choice {
	c, err := here(p)(ctx)
	if err != nil {
		return nil
	}
	names, err := c.VaultNames(ctx)
	if err != nil {
		return nil
	}
	return choicesOf(names)
}

func issuerNames(ctx context.Context, p usage.Place) (all []usage.Choice) {
	if p.Flag != "" {
		all = choicesOf([]string{"Self", "Unknown"})
	}
	if v := vaultOf(ctx, p); v != nil {
		all = append(all, gathered(v.Issuers().List(ctx), func(i keyvault.Issuer) usage.Choice { return usage.Choice{Word: i.Name(), Means: i.Provider} })...)
	}
	return all
}

// objectNames are those of the kind that a group of commands is about, and of
// certificates for all others, such as history.
func objectNames(ctx context.Context, p usage.Place, group string, deleted bool) []usage.Choice {
	v := vaultOf(ctx, p)
	if v == nil {
		return nil
	}
	name := func(i keyvault.Item) usage.Choice { return usage.Choice{Word: i.ID.Name()} }
	switch {
	case group == "key":
		return gathered(v.Keys().List(ctx), func(k keyvault.KeyItem) usage.Choice { return usage.Choice{Word: k.ID.Name()} })
	case group == "secret":
		return gathered(v.Secrets().List(ctx), func(s keyvault.Secret) usage.Choice { return usage.Choice{Word: s.ID.Name()} })
	case deleted:
		return gathered(v.Certificates().Deleted(ctx), name)
	case group == "client" || group == "contact":
		return nil
	}
	return gathered(v.Certificates().List(ctx), name)
}

func versionsOf(ctx context.Context, p usage.Place, group string) []usage.Choice {
	v := vaultOf(ctx, p)
	if v == nil || group == "key" || group == "secret" {
		return nil
	}
	return gathered(v.Certificates().Versions(ctx, p.Words[0]), func(i keyvault.Item) usage.Choice { return usage.Choice{Word: i.ID.Version()} })
}

// gathered is as much as a person reads of a list, or what came in time.
func gathered[T any](all iter.Seq2[T, error], choice func(T) usage.Choice) (found []usage.Choice) {
	for v, err := range all {
		if err != nil || len(found) == mostNames {
			break
		}
		found = append(found, choice(v))
	}
	return found
}
