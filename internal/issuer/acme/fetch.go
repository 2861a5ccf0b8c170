package acme

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"

	"github.com/mholt/acmez/v3/acme"

	"certwright/internal/vault"
)

// fetch downloads the certificate of a valid order.
func (s *step) fetch(ctx context.Context, order acme.Order) (vault.Progress, error) {
	s.done(ctx)
	hearing, heard := listen(ctx)
	found, err := s.client.GetCertificateChain(hearing, s.account, order.Certificate)
	if p, ok := problem(err); ok && !passes(p) {
		return s.fail(ctx, vault.Failure{Code: vault.IssuerFault, Message: "The authority does not hand out the certificate: " + words(p)})
	}
	if err != nil {
		return vault.Progress{}, heard.trouble(err)
	}
	var chains [][][]byte
	for _, f := range found {
		if chain := decode(f.ChainPEM); len(chain) > 0 {
			chains = append(chains, chain)
		}
	}
	if len(chains) == 0 {
		return vault.Progress{}, errors.New("the authority answered with no certificate")
	}
	chain, ok := prefer(chains, s.Settings.PreferredChain)
	if !ok {
		s.note("none of the authority's %d chains has an issuer with the common name %q; the first one is taken", len(chains), s.Settings.PreferredChain)
	}
	s.note("certificate %s was fetched", order.Certificate)
	ref := reference{Directory: s.Settings.Directory, Account: s.account.Location, Order: s.state.Order, Certificate: order.Certificate, ARI: renewalID(chain[0])}
	return vault.Progress{Chain: chain, Ref: ref.bytes(), Notes: s.notes}, nil
}

// decode reads the certificates of a PEM file, as DER.
func decode(text []byte) [][]byte {
	var chain [][]byte
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return chain
		}
		if block.Type == "CERTIFICATE" {
			chain = append(chain, block.Bytes)
		}
		text = rest
	}
}

// prefer returns the first chain in which an issuer has the common name, or
// the first chain and false.
func prefer(chains [][][]byte, commonName string) ([][]byte, bool) {
	if commonName == "" {
		return chains[0], true
	}
	for _, chain := range chains {
		for _, der := range chain {
			if c, err := x509.ParseCertificate(der); err == nil && strings.EqualFold(c.Issuer.CommonName, commonName) {
				return chain, true
			}
		}
	}
	return chains[0], false
}

// renewalID is the certificate's id in renewal information; "" where it can
// have none.
func renewalID(der []byte) string {
	leaf, err := x509.ParseCertificate(der)
	if err != nil || len(leaf.AuthorityKeyId) == 0 {
		return ""
	}
	id, err := acme.ARIUniqueIdentifier(leaf)
	if err != nil {
		return ""
	}
	return id
}
