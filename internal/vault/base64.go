package vault

import (
	"encoding/base64"
	"strings"
)

// standardAlphabet spells the URL-safe alphabet of base64 in the standard one
// (RFC 4648 sections 4 and 5).
var standardAlphabet = strings.NewReplacer("-", "+", "_", "/", "\r", "", "\n", "")

// DecodeBase64 reads bytes as callers write them: in the standard alphabet or
// the URL-safe one, with the padding or without, line breaks left out. The API
// says base64url, and programs in wide use send the standard alphabet all the
// same (jsign, azure-security-keyvault-jca). False if it is neither.
func DecodeBase64(text string) ([]byte, bool) {
	text = standardAlphabet.Replace(text)
	if len(text)%4 == 0 {
		text = strings.TrimSuffix(strings.TrimSuffix(text, "="), "=")
	}
	b, err := base64.RawStdEncoding.Strict().DecodeString(text)
	return b, err == nil
}
