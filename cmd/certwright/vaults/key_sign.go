package vaults

import (
	"context"
	"crypto"
	_ "crypto/sha256" // the hashes of the algorithms
	_ "crypto/sha512"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"os"
	"strings"

	"certwright/internal/material"
	"certwright/internal/print"
)

type keySign struct {
	At           `embed:""`
	print.Format `embed:""`
	keyName      `embed:""`
	File         string `arg:"" help:"The file to sign; - for stdin."`
	Version      string `help:"The version of the key; the latest if not given." placeholder:"ID"`
	Algorithm    string `help:"RS256, PS256, ES256, ES384, ES512 and their like; what fits the key if not given." placeholder:"ALG"`
	Out          string `help:"The file to write; FILE.sig if not given." placeholder:"FILE"`
	Raw          bool   `help:"Write an EC signature as its two numbers, as JSON web signatures have it, not as openssl does."`
	Force        bool   `help:"Replace the file if it is there."`
}

// Help shows how it is used.
func (keySign) Help() string {
	return `The file is hashed here; its hash alone goes to the vault.

Example:
  certwright key sign web release.tar.gz
  certwright key show web --pem > public.pem
  openssl dgst -sha256 -verify public.pem -signature release.tar.gz.sig release.tar.gz`
}

// algorithms are what a key of a kind signs by, unless it is said.
var algorithms = map[string]string{"RSA": "RS256", "P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "P-256K": "ES256K"}

// A signed file is what a signature tells of itself.
type signed struct {
	Key       string `json:"kid"`
	Algorithm string `json:"alg"`
	Value     string `json:"value"` // base64url, as the vault sent it
	File      string `json:"file"`
}

// Run signs it.
func (c keySign) Run(ctx context.Context, to print.Streams, find Find) error {
	if c.Out == "" && c.File == "-" {
		return misused("the signature of stdin needs a file\nhint: --out FILE")
	}
	v, err := c.reach(ctx, find)
	if err != nil {
		return err
	}
	if c.Algorithm == "" {
		k, err := v.Keys().Get(ctx, c.Name, c.Version)
		if err != nil {
			return named(err)
		}
		if c.Algorithm = algorithms[or(k.Key.Curve, strings.TrimSuffix(k.Key.Type, "-HSM"))]; c.Algorithm == "" {
			return fmt.Errorf("a key of kind %s does not sign files", k.Key.Kind())
		}
	}
	digest, err := c.digest(to)
	if err != nil {
		return err
	}
	s, err := v.Keys().Sign(ctx, c.Name, c.Version, c.Algorithm, digest)
	if err != nil {
		return named(err)
	}
	done := signed{string(s.ID), c.Algorithm, base64.RawURLEncoding.EncodeToString(s.Value), or(c.Out, c.File+".sig")}
	value := s.Value
	if strings.HasPrefix(c.Algorithm, "ES") && !c.Raw {
		half := len(value) / 2
		if value, err = asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(value[:half]), new(big.Int).SetBytes(value[half:])}); err != nil {
			return fmt.Errorf("write the signature: %w", err)
		}
	}
	if err := material.WritePublic(done.File, value, c.Force); err != nil {
		return err
	}
	return told(to.On(c.Format), done, done.File, "wrote %s: the signature of %s by key %s (%s)", done.File, c.File, c.Name, c.Algorithm)
}

// digest hashes the file as the algorithm does.
func (c keySign) digest(to print.Streams) ([]byte, error) {
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[strings.TrimSuffix(c.Algorithm, "K")[min(2, len(c.Algorithm)):]]
	if hash == 0 {
		return nil, misused("unknown algorithm %q\nhint: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES256K, ES384 or ES512", print.Plain(c.Algorithm))
	}
	in := to.In
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return nil, fmt.Errorf("sign %s: %w", c.File, err)
		}
		defer f.Close()
		in = f
	}
	h := hash.New()
	if _, err := io.Copy(h, in); err != nil {
		return nil, fmt.Errorf("sign %s: %w", c.File, err)
	}
	return h.Sum(nil), nil
}
