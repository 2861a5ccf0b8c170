package auth

import (
	"crypto/sha256"

	lru "github.com/hashicorp/golang-lru/v2"

	"certwright/internal/vault"
)

// knownMost is how many tokens are known at most.
const knownMost = 1024

// Known tells who the tokens that came last name, so that the claims of one that
// comes with each request are read once. It keeps no token, only its digest, and
// nothing that changes with time: whether a token holds yet is to be asked each
// time by who cares.
type Known struct {
	callers *lru.Cache[[sha256.Size]byte, vault.Caller]
}

// NewKnown returns one that knows nobody yet.
func NewKnown() *Known {
	callers, _ := lru.New[[sha256.Size]byte, vault.Caller](knownMost) // a count below 1 alone is an error
	return &Known{callers}
}

// caller is callerOf, remembered.
func (k *Known) caller(token string) vault.Caller {
	if k == nil {
		return callerOf(token)
	}
	digest := digestOf(token)
	if who, ok := k.callers.Get(digest); ok {
		return who
	}
	who := callerOf(token)
	k.callers.Add(digest, who)
	return who
}

// digestOf is the SHA-256 of a token, made without an allocation where the token
// has the usual length.
func digestOf(token string) [sha256.Size]byte {
	var usual [2048]byte
	if len(token) > len(usual) {
		return sha256.Sum256([]byte(token))
	}
	return sha256.Sum256(usual[:copy(usual[:], token)])
}
