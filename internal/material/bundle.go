package material

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"

	"software.sslmate.com/src/go-pkcs12"

	"certwright/internal/certs"
	"certwright/internal/keys"
	"certwright/internal/vault"
)

// IsPEM reports whether a file is text with PEM in it.
func IsPEM(text []byte) bool { return bytes.Contains(text, []byte("-----BEGIN ")) }

// Brought is a certificate with its key as an import wants it: Type is the
// content type that goes with the value.
type Brought struct {
	Value    string
	Password string
	Type     string
}

// Bring reads a PFX or PEM file with certificates and their key. PEM is written
// anew: its key in PKCS #8 and in the clear, as every vault reads it. A PFX goes
// as it is, with its password.
func Bring(ctx context.Context, text []byte, password string) (Brought, error) {
	if !IsPEM(text) {
		if _, err := certs.ReadPFX(ctx, text, password); err != nil {
			return Brought{}, err
		}
		return Brought{base64.StdEncoding.EncodeToString(text), password, vault.PKCS12}, nil
	}
	b, err := certs.ReadPEM(ctx, asPKCS8(text), password)
	if err != nil {
		return Brought{}, err
	}
	value, err := certs.WritePEM(&b.Key, certs.Order(b.Chain, b.Leaf))
	return Brought{value, "", vault.PEM}, err
}

// asPKCS8 writes keys anew that are in the older forms of openssl, which no vault reads.
func asPKCS8(text []byte) []byte {
	var out bytes.Buffer
	read := 0
	for rest := text; ; read++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		var key any
		var err error
		switch block.Type {
		case "EC PARAMETERS":
			continue // the key says it again
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		}
		if key != nil && err == nil {
			if der, err := x509.MarshalPKCS8PrivateKey(key); err == nil {
				block = &pem.Block{Type: "PRIVATE KEY", Bytes: der}
			}
		}
		if err := pem.Encode(&out, block); err != nil {
			return text // it has headers that are none; who reads it says so
		}
	}
	if read != bytes.Count(text, []byte("-----BEGIN ")) {
		return text // a block cannot be read; who reads it says so
	}
	return out.Bytes()
}

// A Bundle is a certificate of a vault with its chain, and its key where the
// vault hands it out.
type Bundle struct {
	Chain [][]byte // DER, the leaf first
	Key   *keys.Key
}

// Opened reads the value of a certificate's secret.
func Opened(ctx context.Context, value, contentType string) (Bundle, error) {
	b, err := certs.ReadImport(ctx, value, "", contentType)
	if err == nil {
		return Bundle{certs.Order(b.Chain, b.Leaf), &b.Key}, nil
	}
	raw := []byte(value) // without a key there is nothing that says which is the leaf
	if contentType != vault.PEM {
		if raw, err = base64.StdEncoding.DecodeString(value); err != nil {
			return Bundle{}, fmt.Errorf("read the certificate's secret: %w", err)
		}
	}
	chain, err := Certificates(ctx, raw)
	if err != nil {
		return Bundle{}, fmt.Errorf("read the certificate's secret: %w", err)
	}
	return Bundle{Chain: chain}, nil
}

// ErrNoKey is the error of a form that needs a key that the vault keeps.
var ErrNoKey = errors.New("the vault does not hand out the key")

// PEM writes key, certificate and chain, in the order that servers read them in.
func (b Bundle) PEM() ([]byte, error) {
	if b.Key == nil {
		return nil, ErrNoKey
	}
	text, err := certs.WritePEM(b.Key, b.Chain)
	return []byte(text), err
}

// ChainPEM writes the certificate and its chain without the key.
func (b Bundle) ChainPEM() ([]byte, error) {
	text, err := certs.WritePEM(nil, b.Chain)
	return []byte(text), err
}

// LeafPEM writes the certificate alone.
func (b Bundle) LeafPEM() ([]byte, error) {
	text, err := certs.WritePEM(nil, b.Chain[:1])
	return []byte(text), err
}

// KeyPEM writes the key alone, in PKCS #8.
func (b Bundle) KeyPEM() ([]byte, error) {
	if b.Key == nil {
		return nil, ErrNoKey
	}
	text, err := certs.WritePEM(b.Key, nil)
	return []byte(text), err
}

// PFX writes all of it to a PKCS #12 file, encrypted as today's programs read it
// (AES-256, PBKDF2).
func (b Bundle) PFX(password string) ([]byte, error) {
	if b.Key == nil {
		return nil, ErrNoKey
	}
	var chain []*x509.Certificate
	for _, der := range b.Chain {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("write the PFX file: %w", err)
		}
		chain = append(chain, c)
	}
	private, err := b.private()
	if err != nil {
		return nil, err
	}
	return pkcs12.Modern2023.Encode(private, chain[0], chain[1:], password)
}

// private is the key as the standard library has it.
func (b Bundle) private() (crypto.PrivateKey, error) {
	der, err := b.Key.PKCS8()
	if err != nil {
		return nil, err
	}
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("write the PFX file: %w\nhint: --as pem writes keys of every kind", err)
	}
	return private, nil
}
