package auth

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"certwright/internal/outbound"
	"certwright/internal/setting"
	"certwright/internal/vault"
)

// IssuerSettings are what an operator writes as one item of `auth.issuers:`.
type IssuerSettings struct {
	Name       string              // what the audit and the rules call it
	URL        string              // iss of its tokens, byte for byte; its discovery document stands below it
	Entra      string              // a tenant of Microsoft Entra ID: sets url, also, audiences and claims
	Also       []string            // further iss of the same keys, as Entra's of version 1
	JWKS       string              // where its keys are, if not where its discovery document says
	JWKSFile   string              // a file with its keys, for an issuer that cannot be reached
	CABundle   string              // a PEM file to trust for it instead of the system's authorities
	Audiences  []string            // aud of the tokens that are meant for this server, compared exactly
	Claims     ClaimSettings       // which of its claims say who the caller is
	Require    map[string][]string // claims that its tokens must have, with one of these values; * is any text
	Federation bool                // clients of the token service may show its tokens
}

// Fields implements setting.Settings.
func (s *IssuerSettings) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("name", &s.Name),
		setting.Text("url", &s.URL),
		setting.Text("entra", &s.Entra),
		setting.Texts("also", &s.Also),
		setting.Text("jwks", &s.JWKS),
		setting.File("jwks_file", &s.JWKSFile),
		setting.File("ca_bundle", &s.CABundle),
		setting.Texts("audiences", &s.Audiences),
		setting.Group("claims", &s.Claims),
		setting.TextsMap("require", &s.Require),
		setting.Switch("federation", &s.Federation),
	}
}

// What Entra's tokens for a Key Vault carry as aud: the name of the service, or
// the number of its application (which tokens of version 2 always carry).
const (
	entraVault       = "https://vault.azure.net"
	entraVaultNumber = "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"
)

// withDefaults fills in what follows from `entra`.
func (s IssuerSettings) withDefaults() IssuerSettings {
	if s.Entra != "" && s.URL == "" {
		s.URL = "https://login.microsoftonline.com/" + s.Entra + "/v2.0"
		if s.Also == nil {
			s.Also = []string{"https://sts.windows.net/" + s.Entra + "/"}
		}
		if len(s.Audiences) == 0 && !s.Federation {
			s.Audiences = []string{entraVault, entraVaultNumber}
		}
	}
	s.Claims = s.Claims.withDefaults(s.Entra != "" || ofEntra(s.URL))
	return s
}

// ofEntra reports whether an iss is one of Microsoft Entra ID's.
func ofEntra(iss string) bool {
	u, err := url.Parse(iss)
	return err == nil && slices.Contains([]string{
		"login.microsoftonline.com", "sts.windows.net", "login.microsoftonline.us", "login.partner.microsoftonline.cn", "sts.chinacloudapi.cn",
	}, u.Host)
}

// forEverybody are issuers that give a token for any audience to whoever has an
// account there.
var forEverybody = []string{"token.actions.githubusercontent.com", "gitlab.com", "accounts.google.com", "oidc.circleci.com"}

var issuerName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// MutualName is what callers with a client certificate have as their issuer.
const MutualName = "mtls"

// ownNames are the issuers of callers that no issuer of the configuration vouches for.
var ownNames = []string{MutualName, vault.ClientIssuer}

// check reports what will not do with one issuer, its defaults filled in.
func (s IssuerSettings) check() (wrong []error) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	switch {
	case s.Name == "":
		say("name: is missing; write what the audit and the rules shall call this issuer")
	case !issuerName.MatchString(s.Name), slices.Contains(ownNames, s.Name):
		say("name: %q is not a valid name; write letters, digits, '.', '_' and '-', and none of %s, which mean callers that this server vouches for itself", s.Name, strings.Join(ownNames, ", "))
	}
	if len(s.Audiences) == 0 && !s.Federation {
		say("audiences: is missing; write what tokens for this server have as aud, as in [https://vault.azure.net]")
	}
	if slices.Contains(s.Audiences, "") {
		say("audiences: an empty text is no audience; leave it out")
	}
	wrong = append(wrong, s.checkURLs()...)
	for _, key := range slices.Sorted(maps.Keys(s.Require)) {
		if key == "" || len(s.Require[key]) == 0 {
			say("require: %q names no value; write those that will do, as in {repository_owner: [acme]}", key)
		}
	}
	if u, err := url.Parse(s.URL); err == nil && slices.Contains(forEverybody, u.Host) && len(s.Require) == 0 {
		say("require: is missing: %s gives tokens to everybody who has an account there; say whose, as in {repository_owner_id: [\"12345\"]}", u.Host)
	}
	for _, err := range s.Claims.check() {
		say("claims: %w", err)
	}
	return wrong
}

// checkURLs checks where tokens and keys come from.
func (s IssuerSettings) checkURLs() (wrong []error) {
	if s.URL == "" {
		wrong = append(wrong, errors.New("url: is missing; write the iss of its tokens, or entra: and a tenant"))
	} else if err := outbound.CheckURL(s.URL); err != nil && s.JWKS == "" && s.JWKSFile == "" {
		wrong = append(wrong, fmt.Errorf("url: %w", err))
	}
	for _, iss := range append([]string{s.URL}, s.Also...) {
		if err := checkTenant(iss); err != nil {
			wrong = append(wrong, fmt.Errorf("url: %w", err))
		}
	}
	if s.Entra != "" && (checkSegment("", s.Entra) != nil || s.URL != "https://login.microsoftonline.com/"+s.Entra+"/v2.0") {
		wrong = append(wrong, errors.New("entra: write a tenant's id or domain, and no url beside it"))
	}
	switch {
	case s.JWKS != "" && s.JWKSFile != "":
		wrong = append(wrong, errors.New("jwks: there is a jwks_file as well; leave one of them out"))
	case s.JWKS != "":
		if err := outbound.CheckURL(s.JWKS); err != nil {
			wrong = append(wrong, fmt.Errorf("jwks: %w", err))
		}
	}
	return wrong
}

// checkTenant refuses the issuer that stands for every tenant of Entra.
func checkTenant(iss string) error {
	if strings.ContainsAny(iss, "{}") {
		return fmt.Errorf("%q is a pattern; write the iss of one tenant", iss)
	}
	if !ofEntra(iss) {
		return nil
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(iss[strings.Index(iss, "://")+3:], hostOf(iss)+"/"), "/")
	if slices.Contains([]string{"", "common", "organizations", "consumers"}, strings.ToLower(first)) {
		return fmt.Errorf("%q is every tenant's; write that of one, as in https://login.microsoftonline.com/TENANT/v2.0", iss)
	}
	return nil
}

func hostOf(iss string) string {
	u, err := url.Parse(iss)
	if err != nil {
		return ""
	}
	return u.Host
}
