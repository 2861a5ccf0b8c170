package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	jose "github.com/go-jose/go-jose/v4"
)

// Bounds of the keys that an issuer publishes.
const (
	maxKeys    = 256
	minRSABits = 2048
	maxRSABits = 8192 // what checking a signature with one costs is the server's to pay
)

// parseKeys reads a JSON Web Key Set. Keys that cannot verify a token here, for
// want of strength or because they are for something else, are left out, as RFC
// 7517 section 5 has it; so is one that publishes its private half.
func parseKeys(body []byte) ([]Key, error) {
	var set struct {
		Keys *[]json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, fmt.Errorf("read the key set: %w", err)
	}
	switch {
	case set.Keys == nil:
		return nil, errors.New("read the key set: it has no member keys")
	case len(*set.Keys) > maxKeys:
		return nil, fmt.Errorf("read the key set: it holds %d keys; %d is the most", len(*set.Keys), maxKeys)
	}
	var keys []Key
	for _, raw := range *set.Keys {
		var k jose.JSONWebKey
		if k.UnmarshalJSON(raw) != nil || !k.IsPublic() || k.Use != "" && k.Use != "sig" || !verifies(raw) {
			continue
		}
		if key := (Key{ID: k.KeyID, Algorithm: k.Algorithm, Public: k.Key}); key.usable() {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// verifies reports whether a key may be used to verify: a key that lists what
// it is for lists that.
func verifies(raw []byte) bool {
	var k struct {
		Ops []string `json:"key_ops"`
	}
	return json.Unmarshal(raw, &k) == nil && (len(k.Ops) == 0 || slices.Contains(k.Ops, "verify"))
}

// usable reports whether any algorithm here goes with the key.
func (k Key) usable() bool {
	return slices.ContainsFunc(Algorithms(), func(a string) bool { return k.fits(a) })
}

// fits reports whether a token of an algorithm may be verified with the key.
func (k Key) fits(algorithm string) bool {
	if k.Algorithm != "" && k.Algorithm != algorithm {
		return false
	}
	switch public := k.Public.(type) {
	case *rsa.PublicKey:
		bits := public.N.BitLen()
		return (algorithm == "RS256" || algorithm == "PS256") && bits >= minRSABits && bits <= maxRSABits && public.E >= 3 && public.E%2 == 1
	case *ecdsa.PublicKey:
		return algorithm == "ES256" && public.Curve == elliptic.P256() || algorithm == "ES384" && public.Curve == elliptic.P384()
	case ed25519.PublicKey:
		return algorithm == "EdDSA" && len(public) == ed25519.PublicKeySize
	}
	return false
}

// candidates returns the keys that may have signed a token of an algorithm that
// names the key kid, or none where that is "": then there must be one alone.
func candidates(keys []Key, kid, algorithm string) []Key {
	if kid == "" && len(keys) != 1 {
		return nil
	}
	var found []Key
	for _, k := range keys {
		if (kid == "" || k.ID == kid) && k.fits(algorithm) {
			found = append(found, k)
		}
	}
	return found
}

// sameKeys reports whether two sets hold the same keys in the same order.
func sameKeys(a, b []Key) bool {
	return slices.EqualFunc(a, b, func(a, b Key) bool {
		public, ok := a.Public.(interface{ Equal(crypto.PublicKey) bool })
		return ok && a.ID == b.ID && a.Algorithm == b.Algorithm && public.Equal(b.Public)
	})
}
