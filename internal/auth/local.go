package auth

import (
	"context"
	"crypto"
)

// A LocalIssuer is an issuer inside this server, such as its token service: its
// keys are asked for where others' are fetched.
type LocalIssuer interface {
	// Name is what the audit and the rules call it.
	Name() string
	// URL is the iss of its tokens, byte for byte.
	URL() string
	// Accepts reports whether a token for an audience is meant for this server.
	Accepts(audience string) bool
	// Keys returns the keys that its tokens may be signed with now, and a number
	// that is another one whenever these are: tokens that were verified are then
	// verified again. It is called with every request and must not wait for
	// anything; kid is the key that is looked for, "" for any.
	Keys(ctx context.Context, kid string) (keys []Key, generation uint64)
}

// A Key verifies the tokens of an issuer.
type Key struct {
	ID        string           // kid; "" if the issuer gives its keys no names
	Algorithm string           // the one it is for; "" for any that fits it
	Public    crypto.PublicKey // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
}
