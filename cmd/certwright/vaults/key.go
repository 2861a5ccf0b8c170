package vaults

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"strings"

	"certwright/internal/client/keyvault"
	"certwright/internal/print"
)

// Key has the commands about keys.
type Key struct {
	List keyList `cmd:"" help:"List the keys of the vault, those of certificates among them."`
	Show keyShow `cmd:"" help:"Show a key: its public part and what it may do."`
	Sign keySign `cmd:"" help:"Sign a file by a key, which stays in the vault."`
}

type keyName struct {
	Name string `arg:"" help:"The key's name; a certificate's key has the certificate's."`
}

type keyList struct {
	At           `embed:""`
	print.Format `embed:""`
}

// Help shows how it is used.
func (keyList) Help() string { return "Example:\n  certwright key list" }

// Run lists them.
func (c keyList) Run(ctx context.Context, to print.Streams, find Find) error {
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	now := v.Now(ctx)
	return print.List(to.On(c.Format), print.Table[keyvault.KeyItem]{Name: func(k keyvault.KeyItem) string { return k.ID.Name() }, None: "there are no keys", Columns: []print.Column[keyvault.KeyItem]{
		{Head: "NAME", Cell: func(k keyvault.KeyItem) string { return k.ID.Name() }},
		{Head: "OF", Cell: func(k keyvault.KeyItem) string { return managed(k.Managed) }},
		{Head: "STATE", Cell: func(k keyvault.KeyItem) string { return enabled(k.Attributes) }},
		{Head: "CREATED", Cell: func(k keyvault.KeyItem) string { return when(now, k.Attributes.Created) }},
		{Head: "EXPIRES", Cell: func(k keyvault.KeyItem) string { return when(now, k.Attributes.Expires) }},
	}}, v.Keys().List(ctx))
}

// managed says whose a key or secret is.
func managed(of bool) string {
	if of {
		return "a certificate"
	}
	return "its own"
}

func enabled(a keyvault.Attributes) string {
	if a.Off() {
		return "disabled"
	}
	return "enabled"
}

type keyShow struct {
	At           `embed:""`
	print.Format `embed:""`
	keyName      `embed:""`
	Version      string `arg:"" optional:"" help:"The version; the latest if not given."`
	PEM          bool   `name:"pem" help:"Print the public key in PEM."`
}

// Help shows how it is used.
func (keyShow) Help() string {
	return "Example:\n  certwright key show web\n  certwright key show web --pem > public.pem"
}

// Run shows one.
func (c keyShow) Run(ctx context.Context, to print.Streams, find Find) error {
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	k, err := v.Keys().Get(ctx, c.Name, c.Version)
	if err != nil {
		return named(err)
	}
	if c.PEM {
		text, err := publicPEM(k.Key)
		if err == nil {
			_, err = to.Out.Write(text)
		}
		return err
	}
	p, now := to.On(c.Format), v.Now(ctx)
	return p.One(k, c.Name, func(w io.Writer) error {
		return p.Fields(w,
			print.Field{Label: "name", Text: k.Key.ID.Name()}, print.Field{Label: "vault", Text: v.Client.Vault.String()},
			print.Field{Label: "kind", Text: kindOf(k.Key)}, print.Field{Label: "state", Text: enabled(k.Attributes)}, print.Field{Label: "key of", Text: managed(k.Managed)},
			print.Field{Label: "may", Text: strings.Join(k.Key.Operations, ", ")},
			print.Field{Label: "created", Text: when(now, k.Attributes.Created)}, print.Field{Label: "expires", Text: when(now, k.Attributes.Expires)},
			print.Field{Label: "version", Text: k.Key.ID.Version()}, print.Field{Label: "tags", Text: tagText(k.Tags)})
	})
}

func kindOf(k keyvault.JWK) string {
	if k.Curve != "" {
		return k.Type + " " + k.Curve
	}
	if n, err := base64.RawURLEncoding.DecodeString(k.N); err == nil && len(n) > 0 {
		return fmt.Sprintf("%s %d", k.Type, new(big.Int).SetBytes(n).BitLen())
	}
	return k.Type
}

var curves = map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}

// publicOf reads the public key of a JWK.
func publicOf(k keyvault.JWK) (any, error) {
	number := func(text string) *big.Int {
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			return new(big.Int)
		}
		return new(big.Int).SetBytes(b)
	}
	if k.N != "" {
		return &rsa.PublicKey{N: number(k.N), E: int(number(k.E).Int64())}, nil
	}
	curve := curves[k.Curve]
	if curve == nil {
		return nil, fmt.Errorf("a key of kind %s cannot be written in PEM here\nhint: -o json prints it as a JSON web key", kindOf(k))
	}
	return &ecdsa.PublicKey{Curve: curve, X: number(k.X), Y: number(k.Y)}, nil
}

func publicPEM(k keyvault.JWK) ([]byte, error) {
	public, err := publicOf(k)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("write the public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}
