package wire

import (
	"encoding/base64"
	"strings"

	"certwright/internal/vault"
)

// Base64URL is bytes on the wire as base64url without padding.
type Base64URL []byte

// MarshalText encodes the bytes.
func (b Base64URL) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, b), nil
}

// Octets reads a member that holds bytes, nil where it was not sent: base64 in
// either alphabet (vault.DecodeBase64), without line breaks.
func Octets(member string, sent *string) ([]byte, error) {
	if sent == nil {
		return nil, nil
	}
	b, ok := vault.DecodeBase64(*sent)
	if !ok || strings.ContainsAny(*sent, "\r\n") {
		return nil, vault.NotBase64URL(member)
	}
	return b, nil
}
