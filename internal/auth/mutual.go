package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http"
	"slices"

	"certwright/internal/clock"
	"certwright/internal/outbound"
	"certwright/internal/vault"
)

// Mutual takes callers that show a client certificate. Make one with NewMutual.
type Mutual struct {
	pool    *x509.CertPool
	roots   map[string]bool // what is in pool, as DER
	subject string
	clock   vault.Clock

	// Revoked tells whether a certificate was revoked; nil: nobody knows. A
	// certificate is not taken where it cannot be told.
	Revoked func(ctx context.Context, c *x509.Certificate) bool
}

// NewMutual reads the authorities that the settings name. A nil clock is real time.
func NewMutual(s MutualSettings, c vault.Clock) (*Mutual, error) {
	text, err := outbound.ReadFile("auth: mtls: ca", s.CA)
	if err != nil {
		return nil, err
	}
	m := &Mutual{pool: x509.NewCertPool(), roots: map[string]bool{}, subject: cmp.Or(s.Subject, subjectURI), clock: c}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		root, err := x509.ParseCertificate(block.Bytes)
		if err != nil || block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("auth: mtls: ca: %s holds what is not a certificate", s.CA)
		}
		m.pool.AddCert(root)
		m.roots[string(root.Raw)] = true
	}
	if len(m.roots) == 0 {
		return nil, fmt.Errorf("auth: mtls: ca: %s holds no certificate in PEM", s.CA)
	}
	if m.clock == nil {
		m.clock = clock.Real{}
	}
	return m, nil
}

// Asking returns the configuration of a listener with the question for a client
// certificate. One that no authority of this Mutual signed ends the handshake; a
// client may show none.
func (m *Mutual) Asking(usual *tls.Config) *tls.Config {
	t := usual.Clone()
	t.ClientAuth, t.ClientCAs = tls.VerifyClientCertIfGiven, m.pool
	return t
}

// certificate returns the client certificate that the connection of a request
// showed, if it holds yet; nil for none.
func (m *Mutual) certificate(r *http.Request) *x509.Certificate {
	if m == nil || r.TLS == nil {
		return nil
	}
	at := slices.IndexFunc(r.TLS.VerifiedChains, m.trusts)
	if at < 0 {
		return nil
	}
	chain := r.TLS.VerifiedChains[at]
	leaf := chain[0]
	if now := m.clock.Now(); now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) { // a connection may outlive it
		return nil
	}
	if !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageClientAuth) { // the handshake takes one that names no use
		return nil
	}
	if m.isRevoked(r.Context(), chain) {
		return nil
	}
	return leaf
}

// isRevoked asks of every certificate of a chain but the root whether it was
// revoked, each time: whoever tells knows how to be quick.
func (m *Mutual) isRevoked(ctx context.Context, chain []*x509.Certificate) bool {
	return m.Revoked != nil && slices.ContainsFunc(chain[:max(len(chain)-1, 1)], func(c *x509.Certificate) bool { return m.Revoked(ctx, c) })
}

// trusts reports whether a chain ends at an authority of now: a connection may
// be older than the configuration.
func (m *Mutual) trusts(chain []*x509.Certificate) bool {
	return len(chain) > 0 && m.roots[string(chain[len(chain)-1].Raw)]
}

// caller says who a client certificate names; false where it names nobody in
// the way that the configuration has it.
func (m *Mutual) caller(leaf *x509.Certificate) (vault.Caller, bool) {
	subject := leaf.Subject.CommonName
	switch m.subject {
	case subjectURI:
		subject = ""
		if len(leaf.URIs) == 1 { // of two nobody could say which is meant
			subject = leaf.URIs[0].String()
		}
	case subjectDNS:
		subject = ""
		if len(leaf.DNSNames) == 1 {
			subject = leaf.DNSNames[0]
		}
	}
	digest := sha256.Sum256(leaf.Raw)
	return vault.Caller{
		Issuer: MutualName, Subject: subject, Type: vault.CertificateCaller,
		Name: vault.Shorten(leaf.Subject.CommonName), TokenID: hex.EncodeToString(digest[:]),
	}, subject != "" && len(subject) <= maxSubject
}
