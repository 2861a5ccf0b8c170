package tokens

import (
	"context"
	"slices"

	"certwright/internal/vault"
)

// A Federation verifies tokens of the issuers that the configuration lets stand
// for clients.
type Federation interface {
	// Federated returns whose token it is and whom it is meant for. An error is a
	// refusal, and holds nothing secret.
	Federated(ctx context.Context, token string) (who vault.Caller, audiences []string, err error)
}

// proveFederated checks a token that another issuer gave to a workload of the
// client. It may be shown again and again while it holds: it lies in a file.
// Nothing is taken from it but which row it is.
func (s *Service) proveFederated(ctx context.Context, who *client, token string) *refusal {
	if s.means.Federation == nil {
		return refused("AADSTS700211: No matching federated identity record found for presented assertion issuer: this server takes no assertions of other issuers.")
	}
	is, audiences, err := s.means.Federation.Federated(ctx, token)
	if err != nil {
		return refused("AADSTS700027: Client assertion failed signature validation, or is not within its valid time range: " + printable(err.Error()))
	}
	if len(audiences) != 1 { // who else it is for could show it here
		return refused("AADSTS50027: JWT token is invalid or malformed: it must be for one audience.")
	}
	rows := slices.DeleteFunc(slices.Clone(who.federated), func(row FederatedSettings) bool { return row.Audience != audiences[0] })
	for _, row := range rows {
		if row.Issuer == is.Issuer && row.Subject == is.Subject {
			return nil
		}
	}
	if len(rows) == 0 {
		return refused("AADSTS700212: No matching federated identity record found for presented assertion audience '" + printable(audiences[0]) + "'.")
	}
	return refused("AADSTS700213: No matching federated identity record found for presented assertion subject '" + printable(is.Subject) +
		"'. Issuer, subject and audience of one of the client's federated rows must be exactly the token's.")
}
