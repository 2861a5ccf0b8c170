package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"certwright/internal/auth"
	"certwright/internal/setting"
	"certwright/internal/tokens"
)

// Auth is how callers of a production server sign in: what stands below auth.
type Auth struct {
	auth.Settings
	TokenService *tokens.Settings // nil: this server gives no tokens itself
}

// Fields implements setting.Settings.
func (a *Auth) Fields() []setting.Field {
	return append(a.Settings.Fields(), setting.Optional("token_service", &a.TokenService))
}

// check tells what will not do, each with its place in the file.
func (a Auth) check() (wrong []error) {
	if len(a.Issuers) == 0 && a.MTLS == nil && a.TokenService == nil {
		return []error{errors.New("auth: there is nobody whose tokens are taken\nhint: name an issuer, as in auth: {issuers: [{name: corp, url: https://login.example.org/realm, audiences: [https://vault.example.org]}]}, or set token_service")}
	}
	for _, err := range a.Settings.Check() {
		wrong = append(wrong, fmt.Errorf("auth: %w", err))
	}
	if a.TokenService != nil {
		for _, err := range slices.Concat(a.TokenService.Check(), a.checkFederated(), a.checkOwn()) {
			wrong = append(wrong, fmt.Errorf("auth: token_service: %w", err))
		}
	}
	return wrong
}

// checkOwn refuses settings by which this server would not take its own tokens.
func (a Auth) checkOwn() (wrong []error) {
	own := a.TokenService.WithDefaults()
	if len(a.Algorithms) > 0 && !slices.Contains(a.Algorithms, own.Keys.Algorithm) {
		wrong = append(wrong, fmt.Errorf("keys: it signs by %s, which auth: algorithms leaves out\nhint: add it there, or set keys: {algorithm: %s}", own.Keys.Algorithm, otherThan(own.Keys.Algorithm)))
	}
	if a.MaxTokenAge != 0 && own.Lifetime > a.MaxTokenAge {
		wrong = append(wrong, fmt.Errorf("lifetime is %v, and auth: max_token_age takes tokens of %v at most\nhint: make the one shorter or the other longer", own.Lifetime, a.MaxTokenAge))
	}
	return wrong
}

func otherThan(algorithm string) string {
	if algorithm == "ES256" {
		return "RS256"
	}
	return "ES256"
}

// checkFederated refuses clients whose tokens no issuer of the file may make.
func (a Auth) checkFederated() (wrong []error) {
	may := map[string]bool{}
	for _, i := range a.Issuers {
		may[i.Name] = i.Federation
	}
	for i, c := range a.TokenService.Clients {
		for _, f := range c.Federated {
			if !may[f.Issuer] {
				wrong = append(wrong, fmt.Errorf("clients: item %d: federated: issuer %q is none of auth: issuers with federation: true\nhint: add federation: true to that issuer, or write another name", i+1, f.Issuer))
			}
		}
	}
	return wrong
}

// checkTenant refuses a challenge that leads to a tenant which this server's
// token service, where it leads to that, does not have.
func (c Config) checkTenant() []error {
	given := c.Auth.TokenService
	if given == nil || c.Auth.Authority != "" {
		return nil
	}
	if named := cmp.Or(c.Auth.Tenant, c.Tenant); !strings.EqualFold(named, given.Tenant()) {
		return []error{fmt.Errorf("auth: the challenge leads to the tenant %q, and token_service: issuer has the tenant %q\nhint: leave tenant out, or write the same at both", named, given.Tenant())}
	}
	return nil
}
