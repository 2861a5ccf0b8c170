package acme

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/mholt/acmez/v3/acme"

	"certwright/internal/challenge"
)

// record is what proves a name to an authority (RFC 8555 sections 8.1 to 8.4).
// It is made from the token and our own key alone: the library takes a key
// authorization from the answer where there is one, and an authority that put
// another's there would have us prove our names for that other, at any authority.
func record(name, kind, token string, key crypto.Signer) (challenge.Record, error) {
	print, err := thumbprint(key)
	if err != nil {
		return challenge.Record{}, err
	}
	r := challenge.Record{Type: kind, Domain: name, Name: token, Value: token + "." + print}
	if kind == challenge.DNS01 {
		sum := sha256.Sum256([]byte(r.Value))
		r.Name, r.Value = "_acme-challenge."+name+".", base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return r, nil
}

// thumbprint is the account key's, by RFC 7638. Account keys are ours, on P-256.
func thumbprint(key crypto.Signer) (string, error) {
	public, ok := key.Public().(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return "", errors.New("the account's key is of a kind that is not made here")
	}
	point, err := public.Bytes()
	if err != nil {
		return "", fmt.Errorf("read the account's key: %w", err)
	}
	coded := base64.RawURLEncoding.EncodeToString
	sum := sha256.Sum256([]byte(`{"crv":"P-256","kty":"EC","x":"` + coded(point[1:33]) + `","y":"` + coded(point[33:]) + `"}`))
	return coded(sum[:]), nil
}

// requests reports whether the order is for a name: an authorization leaves the
// "*." of a wildcard out (RFC 8555 section 7.1.4).
func (v validation) requests(id acme.Identifier) bool {
	ids, err := requested(v.order.CSR)
	if err != nil {
		return false
	}
	if a, err := netip.ParseAddr(id.Value); err == nil && id.Type == ipName {
		id.Value = a.Unmap().String()
	}
	for _, asked := range ids {
		if asked.Type == id.Type && strings.EqualFold(strings.TrimPrefix(asked.Value, "*."), id.Value) {
			return true
		}
	}
	return false
}
