package certs

import (
	"bytes"
	"errors"
	"slices"

	"certwright/internal/keys"
)

// What FindLeaf answers if no certificate belongs to the key.
var (
	// ErrOtherKey: there is an end-entity certificate, but of another key.
	ErrOtherKey = errors.New("the end-entity certificate belongs to another key")

	errNoLeaf = errors.New("no end-entity certificate found") // one cannot be read, or all are authorities
)

// FindLeaf returns the index of the certificate of the public key (PKIX DER),
// which may be an authority's if no other has that key. The error is
// ErrOtherKey if only other keys have end-entity certificates.
func FindLeaf(certs [][]byte, public []byte) (int, error) {
	return findLeaf(readable(certs), public)
}

func findLeaf(certs []*Certificate, public []byte) (int, error) {
	found, authority, entity := -1, false, false
	for i, c := range certs {
		if c == nil {
			return 0, errNoLeaf
		}
		if (found < 0 || authority && !c.IsCA) && keys.Same(c.Public, public) {
			found, authority = i, c.IsCA
		}
		entity = entity || !c.IsCA
	}
	switch {
	case found >= 0:
		return found, nil
	case entity:
		return 0, ErrOtherKey
	}
	return 0, errNoLeaf
}

// Order returns the certificates with the leaf first, then issuer by issuer;
// those that do not belong to the chain, or cannot be read, come last as given.
func Order(certs [][]byte, leaf int) [][]byte {
	if len(certs) < 2 {
		return slices.Clone(certs)
	}
	parsed := readable(certs)
	used := make([]bool, len(certs))
	ordered := make([][]byte, 0, len(certs))
	for i := leaf; i >= 0 && i < len(certs); i = issuerOf(parsed, used, i) {
		used[i] = true
		ordered = append(ordered, certs[i])
	}
	for i, der := range certs {
		if !used[i] {
			ordered = append(ordered, der)
		}
	}
	return ordered
}

// LeafFirst is the Order of a chain in which the leaf may stand anywhere. A chain
// without it comes back as it is.
func LeafFirst(chain [][]byte, leaf []byte) [][]byte {
	i := slices.IndexFunc(chain, func(der []byte) bool { return bytes.Equal(der, leaf) })
	if i < 0 {
		return chain
	}
	return Order(chain, i)
}

// readable reads certificates; nil stands for one that cannot be read.
func readable(certs [][]byte) []*Certificate {
	parsed := make([]*Certificate, len(certs))
	for i, der := range certs {
		if c, err := Parse(der); err == nil {
			parsed[i] = &c
		}
	}
	return parsed
}

// issuerOf returns the index of an unused certificate that issued number i by
// its name and key identifier, or -1.
func issuerOf(parsed []*Certificate, used []bool, i int) int {
	if parsed[i] == nil {
		return -1
	}
	for j, c := range parsed {
		if c != nil && !used[j] && parsed[i].issuedBy(*c) {
			return j
		}
	}
	return -1
}

// issuedBy compares names and, where both are there, key identifiers; a
// self-signed certificate is nobody else's.
func (c Certificate) issuedBy(issuer Certificate) bool {
	if !bytes.Equal(c.IssuerDER, issuer.SubjectDER) {
		return false
	}
	if c.issuerID != nil && issuer.subjectID != nil {
		return bytes.Equal(c.issuerID, issuer.subjectID)
	}
	return true
}
