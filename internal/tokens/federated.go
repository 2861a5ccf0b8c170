package tokens

import (
	"context"
)

// A Federation verifies tokens of the issuers that the configuration lets stand
// for clients.
type Federation interface {
	// Federated returns whose token it is. An error says what is wrong with it, and
	// holds nothing secret.
	Federated(ctx context.Context, token string) (FederatedToken, error)
}

// A FederatedToken is what another issuer says of a workload.
type FederatedToken struct {
	Issuer    string // its name in the configuration
	Subject   string
	Audiences []string
}

// proveFederated checks a token that another issuer gave to a workload of the
// client. It may be shown again and again while it holds: it lies in a file.
func (s *Service) proveFederated(ctx context.Context, who *client, token string) *refusal {
	if s.means.Federation == nil {
		return refused("AADSTS700213: No matching federated identity record found: no issuer of this server has federation: true.")
	}
	said, err := s.means.Federation.Federated(ctx, token)
	if err != nil {
		s.means.Log.Info("a token of another issuer was refused", "client", who.id, "error", err)
		return refused("AADSTS700027: Client assertion failed signature validation, or is not within its valid time range, or its issuer is unknown: " + printable(err.Error()))
	}
	for _, row := range who.federated {
		if row.allows(said) {
			return nil
		}
	}
	return refused("AADSTS700213: No matching federated identity record found for presented assertion subject '" + printable(said.Subject) +
		"'. Check the client's federated rows: issuer, subject and audience must be exactly the token's.")
}

// allows reports whether a row names the token. One audience of several is not
// enough: who else takes the token could show it here.
func (f FederatedSettings) allows(t FederatedToken) bool {
	return f.Issuer == t.Issuer && f.Subject == t.Subject && len(t.Audiences) == 1 && t.Audiences[0] == f.Audience
}
