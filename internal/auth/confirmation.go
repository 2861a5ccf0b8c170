package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"

	"certwright/internal/vault"
)

// A confirmation is the client certificate that a token is bound to (RFC 8705
// section 3.1), if any.
type confirmation struct {
	any         bool
	certificate [sha256.Size]byte
}

// confirmation reads cnf. A token that is bound to something else is refused:
// nobody here asks for the proof, and without it the token is good for whoever
// stole it.
func (c claims) confirmation() (confirmation, error) {
	v, there := c["cnf"]
	if !there {
		return confirmation{}, nil
	}
	says, _ := v.(map[string]any)
	text, _ := says["x5t#S256"].(string)
	digest, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(digest) != sha256.Size || len(says) != 1 {
		return confirmation{}, vault.BadTokenClaims("The token is bound to a key (cnf) in a way that this server cannot check; it knows x5t#S256 alone.")
	}
	return confirmation{any: true, certificate: [sha256.Size]byte(digest)}, nil
}

// shown checks that the certificate a token is bound to was shown; nil is none.
func (c confirmation) shown(certificate *x509.Certificate) error {
	if !c.any {
		return nil
	}
	if certificate == nil {
		return vault.BadTokenClaims("The token is bound to a client certificate (cnf), which the connection did not show.")
	}
	digest := sha256.Sum256(certificate.Raw)
	if subtle.ConstantTimeCompare(digest[:], c.certificate[:]) != 1 {
		return vault.BadTokenClaims("The token is bound to another client certificate (cnf) than the one that the connection showed.")
	}
	return nil
}
