package auth

import (
	"cmp"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
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
	subject string
	clock   vault.Clock
}

// NewMutual reads the authorities that the settings name. A nil clock is real time.
func NewMutual(s MutualSettings, c vault.Clock) (*Mutual, error) {
	text, err := outbound.ReadFile("auth: mtls: ca", s.CA)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("auth: mtls: ca: %s holds no certificate in PEM", s.CA)
	}
	if c == nil {
		c = clock.Real{}
	}
	return &Mutual{pool: pool, subject: cmp.Or(s.Subject, subjectURI), clock: c}, nil
}

// Apply has a listener ask for client certificates. One that an authority did
// not sign ends the handshake; a client may show none. A nil Mutual asks for none.
func (m *Mutual) Apply(t *tls.Config) {
	if m != nil {
		t.ClientAuth, t.ClientCAs = tls.VerifyClientCertIfGiven, m.pool
	}
}

// certificate returns the client certificate that the connection of a request
// showed and that holds yet; nil for none.
func (m *Mutual) certificate(r *http.Request) *x509.Certificate {
	if m == nil || r.TLS == nil || len(r.TLS.VerifiedChains) == 0 || len(r.TLS.VerifiedChains[0]) == 0 {
		return nil
	}
	leaf := r.TLS.VerifiedChains[0][0]
	if now := m.clock.Now(); now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) { // a connection may outlive it
		return nil
	}
	if !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageClientAuth) { // one without any is fit for all to the handshake
		return nil
	}
	return leaf
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
