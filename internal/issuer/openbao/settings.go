package openbao

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"certwright/internal/outbound"
	"certwright/internal/setting"
)

// Settings are what an operator writes under `providers:` for `kind: vault`.
// Nothing of them comes from a request.
type Settings struct {
	Address           string   // https://host:8200; http for this machine only
	CABundle          string   // file with the authorities (PEM) that the server's certificate may come from; "" means the system's
	Namespace         string   // sent as X-Vault-Namespace; "" means the root namespace
	Mount             string   // where the PKI engine is mounted; "" means pki
	Role              string   // signs where the issuer resource names no other
	Roles             []string // others that an issuer resource may name in org_details.id
	TokenFile         string   // file with a token, read at each use, for issuer resources without credentials
	AppRoleMount      string   // where AppRole is mounted; "" means approle
	ExcludeCNFromSANs bool     // leave the common name out of the alternative names
}

// Fields implements setting.Settings.
func (s *Settings) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("address", &s.Address),
		setting.File("ca_bundle", &s.CABundle),
		setting.Text("namespace", &s.Namespace),
		setting.Text("mount", &s.Mount),
		setting.Text("role", &s.Role),
		setting.Texts("roles", &s.Roles),
		setting.File("token_file", &s.TokenFile),
		setting.Text("approle_mount", &s.AppRoleMount),
		setting.Switch("exclude_cn_from_sans", &s.ExcludeCNFromSANs),
	}
}

var (
	roleName  = regexp.MustCompile(`^\w([\w.-]*\w)?$`)
	mountPath = regexp.MustCompile(`^[\w-][\w.-]*(/[\w-][\w.-]*)*$`)
)

// Check tells what will not do, without looking at files or the network.
func (s Settings) Check() (wrong []error) {
	s = s.withDefaults()
	if s.Address == "" {
		wrong = append(wrong, errors.New("address is missing: the server's, as in https://bao.example.org:8200"))
	} else if err := outbound.CheckURL(s.Address); err != nil {
		wrong = append(wrong, fmt.Errorf("address: %w", err))
	}
	if s.Role == "" {
		wrong = append(wrong, errors.New("role is missing: the name of a role of the PKI engine, as in bao write pki/roles/NAME"))
	}
	for _, r := range s.offered() {
		if r != "" && !roleName.MatchString(r) {
			wrong = append(wrong, fmt.Errorf("role and roles: %q is not a valid name of a role; write letters, digits, '_', '-' and '.'", r))
		}
	}
	for _, p := range []struct{ key, path, example string }{{"mount", s.Mount, "pki"}, {"approle_mount", s.AppRoleMount, "approle"}, {"namespace", s.Namespace, "team/web"}} {
		if p.path != "" && !mountPath.MatchString(p.path) {
			wrong = append(wrong, fmt.Errorf("%s: %q is not a valid path; write it without a slash at its ends, as in %s", p.key, p.path, p.example))
		}
	}
	return wrong
}

func (s Settings) withDefaults() Settings {
	s.Mount, s.AppRoleMount = cmp.Or(s.Mount, "pki"), cmp.Or(s.AppRoleMount, "approle")
	return s
}

// offered are the roles that may sign.
func (s Settings) offered() []string { return append([]string{s.Role}, s.Roles...) }

func (s Settings) allows(role string) bool { return slices.Contains(s.offered(), role) }
