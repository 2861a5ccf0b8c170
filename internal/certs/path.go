package certs

import (
	"bytes"
	"errors"
	"fmt"
	"time"
)

// What Delivered answers if an issuer's chain is not usable.
var (
	// ErrIncomplete: the certificate of the leaf's issuer is missing.
	ErrIncomplete = errors.New("the chain is incomplete")
	// ErrNotSigned: a certificate is not signed by the one that names itself its issuer.
	ErrNotSigned = errors.New("the chain is broken")
	// ErrNotNow: the leaf is not valid at this time.
	ErrNotNow = errors.New("the certificate is not valid now")
)

// slack is how far an authority's clock may be ahead of ours: what is valid from
// a moment later on is valid. What has expired by our clock is not.
const slack = time.Hour

// Delivered reads what an issuer delivered for a public key (PKIX DER) and
// returns it as a chain, leaf first, issuer by issuer, without certificates that
// do not belong to it. The root may be missing, but not who signed the leaf,
// unless it signed itself. Signatures of kinds that this server cannot check are
// taken at their name. ErrOtherKey: there is no certificate of the key, or one
// among them cannot be read.
func Delivered(chain [][]byte, public []byte, now time.Time) ([]Certificate, error) {
	parsed := readable(chain)
	leaf, err := findLeaf(parsed, public)
	if err != nil {
		return nil, ErrOtherKey
	}
	return checkPath(parsed, leaf, now)
}

// checkPath is Delivered of certificates that were read; nil ones could not be.
func checkPath(parsed []*Certificate, leaf int, now time.Time) ([]Certificate, error) {
	if parsed[leaf] == nil {
		return nil, fmt.Errorf("%w: it cannot be read", ErrNotNow)
	}
	if !parsed[leaf].validAt(now) {
		return nil, fmt.Errorf("%w: it is %s", ErrNotNow, parsed[leaf].dates(now))
	}
	used := make([]bool, len(parsed))
	path := []Certificate{}
	for i := leaf; i >= 0; {
		used[i] = true
		path = append(path, *parsed[i])
		next := issuerOf(parsed, used, i)
		if next >= 0 {
			if err := parsed[i].signedBy(*parsed[next], i == leaf, now); err != nil {
				return nil, err
			}
		}
		i = next
	}
	if c := parsed[leaf]; len(path) == 1 && !bytes.Equal(c.IssuerDER, c.SubjectDER) {
		return nil, ErrIncomplete
	}
	return path, nil
}

// signedBy checks the signature with the issuer's key, and that the issuer is
// an authority today. A root is trusted for what it is, whatever it says; but
// one that has expired signs no leaf.
func (c Certificate) signedBy(issuer Certificate, leaf bool, now time.Time) error {
	root := bytes.Equal(issuer.IssuerDER, issuer.SubjectDER)
	switch {
	case !root && !issuer.IsCA:
		return fmt.Errorf("%w: %s is not a certificate authority", ErrNotSigned, issuer.Subject)
	case (leaf || !root) && !issuer.validAt(now):
		return fmt.Errorf("%w: its issuer %s is %s", ErrNotNow, issuer.Subject, issuer.dates(now))
	}
	err := verified(issuer.Public, c.Raw, c.tbs, c.signature, c.algorithm)
	if errors.Is(err, errSignature) {
		return fmt.Errorf("%w: %s is not signed by %s", ErrNotSigned, c.Subject, issuer.Subject)
	}
	return nil // or of a kind that cannot be checked here
}

// validAt reports whether the certificate is valid at a time. Both ends count
// (RFC 5280 section 4.1.2.5).
func (c Certificate) validAt(now time.Time) bool {
	return !now.Add(slack).Before(c.NotBefore) && !now.Truncate(time.Second).After(c.NotAfter)
}

// dates says since when and until when the certificate is valid, and what time it is.
func (c Certificate) dates(now time.Time) string {
	at := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	return fmt.Sprintf("valid from %s until %s; it is now %s", at(c.NotBefore), at(c.NotAfter), at(now))
}
