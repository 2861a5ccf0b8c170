package acme

import (
	"errors"
	"fmt"
	"time"

	"certwright/internal/challenge"
	"certwright/internal/outbound"
	"certwright/internal/setting"
)

// What `ari:` may say: whether the authority's advice on when to renew is
// followed where it hastens a renewal, or is not asked for (docs/issuers/acme.md).
// Advice never puts a renewal off: the policy's trigger is a promise.
const (
	Advisory = "advisory"
	Off      = "off"
)

// Settings are what an operator writes below `providers: NAME: {kind: acme, ...}`.
type Settings struct {
	Directory      string             // the authority's directory, https or http on this machine
	CABundle       string             // PEM file; "" is the system's trust
	Challenge      string             // dns-01 or http-01; "" is the solver's
	Solver         challenge.Settings // empty: the authority asks for no proof
	Profile        string             // of the certificate; "" is the authority's choice
	PreferredChain string             // common name of an issuer in the chain to take; "" is the first chain
	ARI            string             // advisory or off; "" is advisory
	PendingTimeout time.Duration      // 0 is a week
}

// Fields implements setting.Settings.
func (s *Settings) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("directory", &s.Directory),
		setting.File("ca_bundle", &s.CABundle),
		setting.Text("challenge", &s.Challenge),
		setting.Group("solver", &s.Solver),
		setting.Text("profile", &s.Profile),
		setting.Text("preferred_chain", &s.PreferredChain),
		setting.Text("ari", &s.ARI),
		setting.Duration("pending_timeout", &s.PendingTimeout),
	}
}

// Solves reports whether there is a solver in the settings.
func (s Settings) Solves() bool { return s.Solver.Kind != "" }

// challenge is the kind of proof that is given; "" for none.
func (s Settings) challenge() string {
	switch {
	case s.Challenge != "":
		return s.Challenge
	case s.Solves():
		return s.Solver.Solves()
	}
	return ""
}

// Check reports every setting that will not do, each with its key. It uses no
// network and opens no file.
func (s Settings) Check() []error {
	var bad []error
	if s.Directory == "" {
		bad = append(bad, errors.New("directory: is missing; write the address of the authority's ACME directory, as in https://acme-v02.api.letsencrypt.org/directory"))
	} else if err := outbound.CheckURL(s.Directory); err != nil {
		bad = append(bad, fmt.Errorf("directory: %w", err))
	}
	switch s.Challenge {
	case "", challenge.DNS01, challenge.HTTP01:
	default:
		bad = append(bad, fmt.Errorf("challenge: %q is unknown; write dns-01 or http-01", s.Challenge))
	}
	if s.Solves() {
		for _, err := range s.Solver.Check() {
			bad = append(bad, fmt.Errorf("solver.%w", err))
		}
		if s.Challenge != "" && s.Solver.Solves() != s.Challenge {
			bad = append(bad, fmt.Errorf("challenge: is %s, and the solver solves %s; write the same for both", s.Challenge, s.Solver.Solves()))
		}
	}
	switch s.ARI {
	case "", Advisory, Off:
	default:
		bad = append(bad, fmt.Errorf("ari: %q is unknown; write advisory or off", s.ARI))
	}
	if s.PendingTimeout < 0 {
		bad = append(bad, errors.New("pending_timeout: must not be negative; write a duration, as in 168h"))
	}
	return bad
}
