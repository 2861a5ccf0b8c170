package digicert

import (
	"testing"
	"time"

	"certwright/conformance/certcentral"
	"certwright/internal/issuer/issuertest"
	"certwright/internal/vault"
)

func TestContract(t *testing.T) {
	t.Parallel()
	var now *at
	with := func(play certcentral.Play, faults ...certcentral.Fault) func(*testing.T) (vault.Issuer, vault.IssuerConfig) {
		return func(t *testing.T) (vault.Issuer, vault.IssuerConfig) {
			now = newAccount(t, play)
			now.Break(faults...)
			return now.issuer(t), resource()
		}
	}
	issuertest.Run(t, issuertest.Case{
		New:    with(certcentral.Play{}),
		Again:  func(t *testing.T, _ vault.Issuer) vault.Issuer { return now.issuer(t) },
		Pass:   func(_ *testing.T, d time.Duration) { now.pass(d) },
		Reject: with(certcentral.Play{Reject: "the organization is not known to us"}),
		Fault:  with(certcentral.Play{Refuse: &certcentral.Refusal{Status: 403, Code: "access_denied|missing_permission", Message: "Access denied."}}),
		Unreachable: with(certcentral.Play{}, certcentral.Fault{Kind: certcentral.Away, Call: 1},
			certcentral.Fault{Kind: certcentral.Away, Call: 2}),
		Hold:     with(certcentral.Play{Hold: true}),
		Password: apiKey,
	})
}
