package certs

import (
	"context"
	"errors"
	"strings"

	"certwright/internal/keys"
	"certwright/internal/vault"
)

// A Bundle is what an import brings: a private key and certificates, one of
// which is the key's.
type Bundle struct {
	Key   keys.Key
	Chain [][]byte // DER, in the order given
	Leaf  int      // index in Chain of the key's certificate
}

const maxImport = 1 << 20 // bytes of a PFX or PEM; the largest request body

var (
	errNoCertificate = errors.New("no certificate found")
	errTooLong       = errors.New("too long")
)

func newBundle(k keys.Key, chain [][]byte) (Bundle, error) {
	leaf, err := FindLeaf(chain, k.PKIX())
	if err == nil {
		return Bundle{Key: k, Chain: chain, Leaf: leaf}, nil
	}
	for _, der := range chain {
		if _, err := Parse(der); err != nil {
			return Bundle{}, vault.BadX509().Because(err)
		}
	}
	return Bundle{}, vault.WrongPublicKey()
}

// ReadImport reads the value of an import (docs/contract/certificates.md): for content
// type vault.PEM the PEM text itself or base64 of it, else base64 of a PFX.
// Errors are those of ReadPEM and ReadPFX.
func ReadImport(ctx context.Context, value, pwd, contentType string) (Bundle, error) {
	raw, isBase64 := decodeBase64(value)
	if contentType == vault.PEM {
		if isBase64 && !strings.Contains(value, "-----BEGIN ") { // dashes are base64url's as well
			return ReadPEM(ctx, raw, pwd)
		}
		return ReadPEM(ctx, []byte(value), pwd)
	}
	if !isBase64 {
		return Bundle{}, vault.BadPFX().Because(errors.New("not base64"))
	}
	return ReadPFX(ctx, raw, pwd)
}

// decodeBase64 takes base64 of either alphabet with white space, any padding and
// a byte-order mark; false for other text.
func decodeBase64(s string) ([]byte, bool) {
	s = strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' || r == ' ' || r == '\t' || r == byteOrderMark {
			return -1
		}
		return r
	}, s)
	b, ok := vault.DecodeBase64(strings.TrimRight(s, "="))
	return b, ok && len(b) > 0
}
