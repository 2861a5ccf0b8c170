package certs

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"strings"

	"certwright/internal/certs/pfx"
	"certwright/internal/keys"
	"certwright/internal/vault"
)

var (
	errNoPEM       = errors.New("no PEM block found")
	errBrokenBlock = errors.New("a PEM block cannot be read")
)

// ReadPEM reads one PRIVATE KEY block, or ENCRYPTED PRIVATE KEY with its
// password, and CERTIFICATE blocks, in any order, with any line ends, in UTF-8
// or UTF-16. Errors are vault.BadPEM (unreadable, or a wrong password),
// vault.NotText, vault.OddPEM (other blocks, such as RSA PRIVATE KEY),
// vault.TooManyRounds, vault.OddEncryption, vault.OddKey, vault.NoPrivateKey,
// vault.BadX509 (a block is not a certificate), vault.WrongPublicKey (no certificate is the
// key's), and ctx's, when the caller has gone.
func ReadPEM(ctx context.Context, text []byte, pwd string) (Bundle, error) {
	if len(text) > maxImport {
		return Bundle{}, vault.BadPEM().Because(errTooLong)
	}
	text, ok := plainText(text)
	if !ok && damaged(text) {
		return Bundle{}, vault.NotText()
	}
	keys, chain, err := readBlocks(text)
	switch {
	case err != nil:
		return Bundle{}, err
	case len(chain) == 0 && len(keys) == 0:
		return Bundle{}, vault.BadPEM().Because(errNoPEM)
	case len(chain) == 0:
		return Bundle{}, vault.BadPEM().Because(errNoCertificate)
	case len(keys) != 1:
		return Bundle{}, vault.NoPrivateKey()
	}
	k, err := readKeyBlock(ctx, keys[0], pwd) // the only one: what it costs is bounded
	if err != nil {
		return Bundle{}, encryptedRefusal(err, vault.BadPEM())
	}
	return newBundle(k, chain)
}

// readBlocks takes the text apart. A block that cannot be read must not be
// passed over: it may be a certificate of the chain.
func readBlocks(text []byte) (keys []*pem.Block, chain [][]byte, err error) {
	begun, read := bytes.Count(text, []byte("-----BEGIN ")), 0
	for rest := text; ; read++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch block.Type {
		case "CERTIFICATE":
			chain = append(chain, block.Bytes)
		case "PRIVATE KEY", "ENCRYPTED PRIVATE KEY":
			keys = append(keys, block)
		default:
			return nil, nil, vault.OddPEM().Because(errors.New("unsupported PEM block " + block.Type))
		}
	}
	if read != begun {
		return nil, nil, vault.BadPEM().Because(errBrokenBlock)
	}
	return keys, chain, nil
}

func readKeyBlock(ctx context.Context, block *pem.Block, pwd string) (keys.Key, error) {
	der := block.Bytes
	if strings.HasPrefix(block.Type, "ENCRYPTED") {
		plain, err := pfx.NewPassword(ctx, pwd).DecryptKey(der)
		if err != nil {
			return keys.Key{}, err
		}
		der = plain
	}
	return keys.Parse(der)
}
