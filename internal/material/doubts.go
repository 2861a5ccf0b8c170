package material

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"certwright/internal/certs"
	"certwright/internal/vault"
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
	request, err := certs.ParseRequest(csr)
	if err != nil {
		return all
	}
	asked, has := names(request.SANs), names(leaf.Props().SANs)
	if lacks := without(asked, has); len(lacks) > 0 {
		all = append(all, "it is not for all names that were asked for: "+listed(lacks))
	}
	if more := without(has, asked); len(more) > 0 {
		all = append(all, "it is for names too that were not asked for: "+listed(more))
	}
	switch {
	case bytes.Equal(request.SubjectDER, leaf.SubjectDER):
	case leaf.Subject == "":
		all = append(all, "its subject is not the one that was asked for: it has none")
	default:
		all = append(all, "its subject is not the one that was asked for, but "+vault.Shorten(leaf.Subject))
	}
	return all
}

// names are those of a certificate or request, as they are compared.
func names(s *vault.SANs) (all []string) {
	if s == nil {
		return nil
	}
	for _, n := range slices.Concat(s.DNS, s.IPs, s.Emails, s.URIs, s.UPNs) {
		all = append(all, strings.ToLower(n))
	}
	return all
}

// without are those of a that b has not.
func without(a, b []string) (left []string) {
	for _, n := range a {
		if !slices.Contains(b, n) {
			left = append(left, n)
		}
	}
	return left
}

// listed are the first few.
func listed(all []string) string {
	const most = 5
	if len(all) > most {
		return strings.Join(all[:most], ", ") + ", ..."
	}
	return strings.Join(all, ", ")
}
