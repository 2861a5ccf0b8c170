package certs

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"certwright/internal/certs/pfx"
	"certwright/internal/vault"
)

// MaxChain is how many certificates a merge or an import may bring; public chains
// have two to five.
const MaxChain = 32

var errNoX5C = errors.New("an item is neither a certificate, PEM text nor a PKCS#12 file without password")

// ReadX5C reads the certificates that a merge brings, in the order given. An item
// is base64 of a certificate, of PEM text or of a PKCS#12 file without password;
// text and file may hold a whole chain. Keys that they hold are passed over, and a
// certificate that comes again. Errors are vault.BadX5C, vault.TooManyRounds and
// ctx's, when the caller has gone.
func ReadX5C(ctx context.Context, items []string) ([][]byte, error) {
	if len(items) > MaxChain {
		return nil, vault.BadX5C().Because(errTooLong)
	}
	p := pfx.NewPassword(ctx, "") // one for all, so that what they cost together is bounded
	var chain [][]byte
	seen := map[string]bool{}
	for _, item := range items {
		list, err := readX5C(item, p)
		if err != nil {
			return nil, x5cRefusal(err)
		}
		for _, der := range list {
			if !seen[string(der)] {
				seen[string(der)] = true
				chain = append(chain, der)
			}
		}
	}
	if len(chain) == 0 || len(chain) > MaxChain {
		return nil, vault.BadX5C().Because(errNoCertificate)
	}
	return chain, nil
}

func readX5C(item string, p *pfx.Password) ([][]byte, error) {
	raw := []byte(item)
	if !strings.Contains(item, "-----BEGIN ") { // dashes are base64url's as well
		var ok bool
		if raw, ok = decodeBase64(item); !ok {
			return nil, errNoX5C
		}
	}
	if bytes.Contains(raw, []byte("-----BEGIN ")) {
		_, chain, err := readBlocks(raw)
		return chain, err
	}
	if _, err := Parse(raw); err == nil {
		return [][]byte{raw}, nil
	}
	file, err := p.Read(raw)
	return file.Certificates, err
}

// x5cRefusal is BadX5C but for a file that costs too much, or for now, and a caller that is gone.
func x5cRefusal(err error) error {
	if abandoned(err) || errors.Is(err, pfx.ErrRounds) || errors.Is(err, pfx.ErrBusy) {
		return encryptedRefusal(err, vault.BadX5C())
	}
	return vault.BadX5C().Because(err)
}
