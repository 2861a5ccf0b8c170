package tokens

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	leeway       = time.Minute
	maxAssertion = day // from now to its end
	maxBrought   = 8   // certificates in x5c
	maxID        = 200 // bytes of a jti
)

// assertionAlgorithms are those that the libraries sign with.
var assertionAlgorithms = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256}

// anyBase64 reads base64url without padding; bits at the end that say nothing
// are not looked at.
var anyBase64 = base64.RawURLEncoding

// A header is what an assertion says of its key.
type header struct {
	Kid     string   `json:"kid"`
	X5T     string   `json:"x5t"`
	X5TS256 string   `json:"x5t#S256"`
	X5C     []string `json:"x5c"`
}

// An assertion is a token that a client made, not verified yet.
type assertion struct {
	header header
	claims jwt.Claims
	token  *jwt.JSONWebToken
}

// readAssertion reads what an assertion says, without believing it.
func readAssertion(text string) (a assertion, ok bool) {
	first, _, _ := strings.Cut(text, ".")
	head, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil || json.Unmarshal(head, &a.header) != nil || len(a.header.X5C) > maxBrought {
		return a, false
	}
	if a.token, err = jwt.ParseSigned(text, assertionAlgorithms); err != nil {
		return a, false
	}
	return a, a.token.UnsafeClaimsWithoutVerification(&a.claims) == nil
}

// claimsOf returns what a token says, without believing it.
func claimsOf(text string) (c jwt.Claims, ok bool) {
	_, rest, _ := strings.Cut(text, ".")
	body, _, _ := strings.Cut(rest, ".")
	raw, err := base64.RawURLEncoding.DecodeString(body)
	return c, err == nil && json.Unmarshal(raw, &c) == nil
}

// brought returns the certificates of x5c, the signer's first.
func (h header) brought() (all []*x509.Certificate) {
	for _, text := range h.X5C {
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil
		}
		all = append(all, cert)
	}
	return all
}

// proveOwn checks an assertion that a client signed itself (RFC 7523 section 3).
// once uses it up, unless it may be shown again.
func (s *Service) proveOwn(r *http.Request, who *client, text, audience string) (once func() *refusal, no *refusal) {
	a, ok := readAssertion(text)
	if !ok {
		return nil, refused("AADSTS50027: JWT token is invalid or malformed.")
	}
	now := s.means.Now()
	if !signedBy(who, a, now) {
		return nil, refused("AADSTS700027: Client assertion failed signature validation: it is not signed by the key of a certificate of this client.")
	}
	c := a.claims
	switch {
	case c.Subject != c.Issuer || !strings.EqualFold(c.Issuer, who.id):
		return nil, refused("AADSTS700021: Client assertion application identifier does not match 'client_id' parameter.")
	case !slices.ContainsFunc(c.Audience, s.endpoints(r)):
		return nil, refused("AADSTS700023: Client assertion audience claim does not match Realm issuer.")
	case !timely(c, now):
		return nil, refused("AADSTS700024: Client assertion is not within its valid time range.")
	case s.settings.ReusableAssertions:
		return nil, nil
	case c.ID == "":
		return nil, refused("AADSTS50027: JWT token is invalid or malformed: it has no jti, so nobody could tell it from its copy.")
	case len(c.ID) > maxID:
		return nil, refused("AADSTS50027: JWT token is invalid or malformed: the jti is too long.")
	}
	return func() *refusal {
		return s.useUp(r.Context(), who, c.ID, audience, c.Expiry.Time().Add(leeway))
	}, nil
}

// signedBy reports whether one of the client's certificates signed, which holds now.
func signedBy(who *client, a assertion, now time.Time) bool {
	brought := a.header.brought()
	for _, row := range who.certificates {
		cert := row.is(a.header, brought, now)
		if cert == nil || now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
			continue
		}
		if a.token.Claims(cert.PublicKey) == nil {
			return true
		}
	}
	return false
}

// endpoints tells what an assertion for this server may be for: the issuer and
// the token endpoint, at the host that was asked and at the fixed one.
func (s *Service) endpoints(r *http.Request) func(audience string) bool {
	var all []string
	for _, origin := range []string{s.origin, "https://" + r.Host} {
		at := origin + "/" + s.tenant
		all = append(all, at, at+"/", at+"/v2.0", at+"/oauth2/token", at+"/oauth2/v2.0/token")
	}
	return func(audience string) bool { return slices.Contains(all, audience) }
}

// timely reports whether an assertion holds, and not for too long.
func timely(c jwt.Claims, now time.Time) bool {
	if c.Expiry == nil || c.Expiry.Time().After(now.Add(maxAssertion)) {
		return false
	}
	return now.Before(c.Expiry.Time().Add(leeway)) &&
		(c.NotBefore == nil || !now.Add(leeway).Before(c.NotBefore.Time())) &&
		(c.IssuedAt == nil || !now.Add(leeway).Before(c.IssuedAt.Time()))
}
