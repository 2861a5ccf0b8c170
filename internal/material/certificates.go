package material

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"certwright/internal/certs"
	"certwright/internal/certs/pfx"
	"certwright/internal/keys"
)

// MaxFile is the most that a file of certificates may have, in bytes.
const MaxFile = 1 << 20

// ErrNoCertificate is the cause of an error about a file without one.
var ErrNoCertificate = errors.New("there is no certificate in it")

// Certificates reads the certificates of a file as an authority sends it: PEM of
// any number of them or of PKCS #7, DER of one or of PKCS #7, base64 of these, or a
// PKCS #12 file without a password. They come in the order of the file.
func Certificates(ctx context.Context, text []byte) ([][]byte, error) {
	var found [][]byte
	rest := bytes.ReplaceAll(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), []byte("\r\n"), []byte("\n"))
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch block.Type {
		case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE":
			found = append(found, block.Bytes)
		case "PKCS7", "CMS":
			more, err := readPKCS7(block.Bytes)
			if err != nil {
				return nil, err
			}
			found = append(found, more...)
		case "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST":
			return nil, ErrRequest
		}
	}
	if len(found) == 0 {
		var err error
		if found, err = binary(ctx, text); err != nil {
			return nil, err
		}
	}
	for _, der := range found {
		if _, err := certs.Parse(der); err != nil {
			return nil, ErrCut
		}
	}
	return found, nil
}

// binary reads what is no PEM.
func binary(ctx context.Context, text []byte) ([][]byte, error) {
	given := text
	text = plain(text)
	if _, err := certs.Parse(text); err == nil {
		return [][]byte{text}, nil
	}
	if found, err := readPKCS7(text); err == nil {
		return found, nil
	}
	if file, err := pfx.NewPassword(ctx, "").Read(text); err == nil && len(file.Certificates) > 0 {
		return file.Certificates, nil
	}
	return nil, instead(given)
}

// ErrOtherKey is the cause of an error about certificates of other keys.
var ErrOtherKey = errors.New("no certificate in it is for the key of the request")

// LeafFirst puts the certificate of a request's key first and its issuers after
// it, each once.
func LeafFirst(found [][]byte, csr []byte) ([][]byte, error) {
	request, err := certs.ParseRequest(csr)
	if err != nil {
		return nil, fmt.Errorf("read the request that the vault has: %w", err)
	}
	var once [][]byte
	for _, der := range found {
		if !slices.ContainsFunc(once, func(had []byte) bool { return bytes.Equal(had, der) }) {
			once = append(once, der)
		}
	}
	for i, der := range once {
		if c, err := certs.Parse(der); err == nil && keys.Same(c.Public, request.Public) {
			return certs.Order(once, i), nil
		}
	}
	return nil, ErrOtherKey
}
