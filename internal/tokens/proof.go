package tokens

import (
	"net/http"
	"net/url"
	"strings"
)

// assertionType is that of JSON web tokens (RFC 7523 section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// A proof is what a client shows.
type proof struct {
	id                string
	secret, assertion string // one of them
}

// The sorts of proof, as events name them.
const (
	SecretGrant      = "secret"
	CertificateGrant = "certificate"
	FederatedGrant   = "federated"
	HostGrant        = "host"
)

// grant names the sort of proof. An assertion whose issuer is not the client
// itself is another issuer's.
func (p proof) grant() string {
	if p.assertion == "" {
		return SecretGrant
	}
	if said, ok := claimsOf(p.assertion); ok && said.Issuer != "" && !strings.EqualFold(said.Issuer, p.id) {
		return FederatedGrant
	}
	return CertificateGrant
}

// readProof reads who asks and what it shows, in the form or as basic
// credentials; it may not be both.
func readProof(r *http.Request, form url.Values) (p proof, no *refusal) {
	p = proof{id: form.Get("client_id"), secret: form.Get("client_secret"), assertion: form.Get("client_assertion")}
	if id, secret, basic := r.BasicAuth(); basic {
		plainID, badID := url.QueryUnescape(id)
		plainSecret, badSecret := url.QueryUnescape(secret)
		if badID != nil || badSecret != nil || p.secret != "" || p.assertion != "" || p.id != "" && p.id != plainID {
			return p, malformed("AADSTS90014: The client is named in the header and in another way in the request body.")
		}
		p.id, p.secret = plainID, plainSecret
	}
	switch {
	case p.id == "":
		return p, missing("client_id")
	case p.secret == "" && p.assertion == "":
		return p, refused("AADSTS7000218: The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	case p.secret != "" && p.assertion != "":
		return p, malformed("AADSTS90014: The request body must contain 'client_assertion' or 'client_secret', not both.")
	case p.assertion != "" && form.Get("client_assertion_type") != assertionType:
		return p, malformed("AADSTS900144: The request body must contain the following parameter: 'client_assertion_type', which is " + assertionType + ".")
	}
	return p, nil
}

// nobody is who is meant by an unknown id: no secret and no key is its.
var nobody = &client{}

// proven is a client that proved itself. once is nil, or uses up what it showed;
// it may be refused then.
type proven struct {
	*client
	once func() *refusal
}

// prove returns the client that the proof is of.
func (s *Service) prove(r *http.Request, p proof, audience string) (proven, *refusal) {
	who := s.clients.Load().find(p.id)
	if who == nil {
		who = nobody
	}
	switch p.grant() {
	case FederatedGrant:
		return proven{client: who}, s.proveFederated(r.Context(), who, p.assertion)
	case CertificateGrant:
		once, no := s.proveOwn(r, who, p.assertion, audience)
		return proven{who, once}, no
	}
	return proven{client: who}, s.proveSecret(who, p.secret)
}

func (s *Service) proveSecret(who *client, secret string) *refusal {
	switch ok, expired := who.secrets.match(secret, s.means.Now()); {
	case ok:
		return nil
	case expired:
		return refused("AADSTS7000222: The provided client secret keys for app '" + who.id + "' are expired.")
	}
	return refused("AADSTS7000215: Invalid client secret provided.")
}
