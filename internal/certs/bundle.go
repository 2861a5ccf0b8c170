package certs

import (
	"bytes"
	"encoding/pem"
	"errors"
	"strings"

	"certwright/internal/vault"
)

// A Bundle is what an import brings: a private key and certificates, one of
// which is the key's.
type Bundle struct {
	Key   Key
	Chain [][]byte // DER, in the order given
	Leaf  int      // index in Chain of the key's certificate
}

var (
	errNoCertificate = errors.New("there is no certificate")
	errTooLong       = errors.New("too long")
	errNoPEM         = errors.New("there is no PEM block, or text that is none")
)

func newBundle(k Key, chain [][]byte) (Bundle, error) {
	leaf, err := FindLeaf(chain, k.Public())
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

// ReadImport reads the value of an import (CONTRACT section 6): for content
// type vault.PEM the PEM text itself or base64 of it, else base64 of a PFX.
// Errors are those of ReadPEM and ReadPFX.
func ReadImport(value, pwd, contentType string) (Bundle, error) {
	raw, isBase64 := decodeBase64(value)
	if contentType == vault.PEM {
		if isBase64 && !strings.Contains(value, "-----BEGIN ") { // dashes are base64url's as well
			return ReadPEM(raw, pwd)
		}
		return ReadPEM([]byte(value), pwd)
	}
	if !isBase64 {
		return Bundle{}, vault.BadPFX().Because(errors.New("not base64"))
	}
	return ReadPFX(raw, pwd)
}

// decodeBase64 takes base64 of either alphabet with white space and any padding;
// false if it is none.
func decodeBase64(s string) ([]byte, bool) {
	s = strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' || r == ' ' || r == '\t' {
			return -1
		}
		return r
	}, s)
	b, ok := vault.DecodeBase64(strings.TrimRight(s, "="))
	return b, ok && len(b) > 0
}

// ReadPEM reads one PRIVATE KEY block, or ENCRYPTED PRIVATE KEY with its
// password, and CERTIFICATE blocks, in any order and with any line ends.
// Errors are vault.BadPEM (unreadable, or a wrong password), vault.OddPEM
// (other blocks, such as RSA PRIVATE KEY), vault.NoPrivateKey,
// vault.BadX509 (a block is no certificate), vault.WrongPublicKey (no
// certificate is the key's).
func ReadPEM(text []byte, pwd string) (Bundle, error) {
	if len(text) > maxImport {
		return Bundle{}, vault.BadPEM().Because(errTooLong)
	}
	var keys []*pem.Block
	var chain [][]byte
	for rest := text; ; {
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
			return Bundle{}, vault.OddPEM().Because(errors.New("a block of type " + block.Type))
		}
	}
	switch {
	case len(chain) == 0 && len(keys) == 0:
		return Bundle{}, vault.BadPEM().Because(errNoPEM)
	case len(chain) == 0:
		return Bundle{}, vault.BadPEM().Because(errNoCertificate)
	case len(keys) != 1:
		return Bundle{}, vault.NoPrivateKey()
	}
	k, err := readKeyBlock(keys[0], pwd) // the only one: what it costs is bounded
	if err != nil {
		return Bundle{}, vault.BadPEM().Because(err)
	}
	return newBundle(k, chain)
}

func readKeyBlock(block *pem.Block, pwd string) (Key, error) {
	der := block.Bytes
	if strings.HasPrefix(block.Type, "ENCRYPTED") {
		plain, err := newPassword(pwd).decryptKey(der)
		if err != nil {
			return Key{}, err
		}
		der = bytes.Clone(plain)
	}
	return ParseKey(der)
}
