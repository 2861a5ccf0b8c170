package material

import (
	"bytes"
	"crypto/x509"
	"slices"
	"strings"
	"time"

	"certwright/internal/certs"
)

// Doubts are what a person should hear of a certificate that was merged, though the
// vault takes it as Azure's does: sentences without a full stop. Its chain has the
// certificate first; csr is the request that it answers.
func Doubts(chain [][]byte, csr []byte, now time.Time) (all []string) {
	leaf, err := certs.Parse(chain[0])
	if err != nil {
		return nil
	}
	switch {
	case now.After(leaf.NotAfter):
		all = append(all, "it has expired already, on "+leaf.NotAfter.Format(time.DateOnly))
	case now.Before(leaf.NotBefore):
		all = append(all, "it is not valid before "+leaf.NotBefore.Format(time.DateOnly))
	}
	if len(chain) == 1 && !bytes.Equal(leaf.SubjectDER, leaf.IssuerDER) {
		all = append(all, "its chain is missing: whoever does not know its authority will not trust it; merge it together with the authority's certificates")
	}
	if missing := missingNames(chain[0], csr); len(missing) > 0 {
		all = append(all, "it is not for all names that were asked for: "+strings.Join(missing, ", "))
	}
	if request, err := certs.ParseRequest(csr); err == nil && !bytes.Equal(request.SubjectDER, leaf.SubjectDER) {
		all = append(all, "its subject is not the one that was asked for, but "+leaf.Subject)
	}
	return all
}

// missingNames are the DNS names of a request that a certificate lacks.
func missingNames(leaf, csr []byte) (missing []string) {
	c, err := x509.ParseCertificate(leaf)
	r, failed := x509.ParseCertificateRequest(csr)
	if err != nil || failed != nil {
		return nil // of a key that the standard library does not know
	}
	for _, name := range r.DNSNames {
		if !slices.ContainsFunc(c.DNSNames, func(has string) bool { return strings.EqualFold(has, name) }) {
			missing = append(missing, name)
		}
	}
	return missing
}
