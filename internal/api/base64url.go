package api

import (
	"encoding/base64"
	"strings"

	"certwright/internal/vault"
)

// base64URL is bytes on the wire as base64url without padding.
type base64URL []byte

// MarshalText encodes the bytes.
func (b base64URL) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, b), nil
}

// octets reads a member that holds bytes, nil where it was not sent: base64 in
// either alphabet (vault.DecodeBase64), without line breaks.
func octets(member string, sent *string) ([]byte, error) {
	if sent == nil {
		return nil, nil
	}
	b, ok := vault.DecodeBase64(*sent)
	if !ok || strings.ContainsAny(*sent, "\r\n") {
		return nil, vault.NotBase64URL(member)
	}
	return b, nil
}

// A part is a member that holds bytes, and where they go.
type part struct {
	member string
	sent   *string
	to     *[]byte
}

// readParts reads every part, up to the first that is wrong.
func readParts(parts []part) (err error) {
	for _, p := range parts {
		if *p.to, err = octets(p.member, p.sent); err != nil {
			return err
		}
	}
	return nil
}
