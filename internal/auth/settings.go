package auth

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"certwright/internal/outbound"
	"certwright/internal/setting"
)

// Settings are what an operator writes under `auth:`: who may sign in, and how.
type Settings struct {
	Issuers     []IssuerSettings
	Algorithms  []string        // that tokens may be signed with; all of Algorithms() unless set
	Leeway      time.Duration   // that clocks may differ by; 0 means 60s
	MaxTokenAge time.Duration   // that a token may live for; 0 means 24h, and 28h for Entra's
	MTLS        *MutualSettings // client certificates; nil takes none

	Tenant    string // the tenant that the challenge names; "" for that of the server
	Authority string // where clients get their tokens, instead of at the vault's own address
}

// Fields implements setting.Settings.
func (s *Settings) Fields() []setting.Field {
	return []setting.Field{
		setting.List("issuers", &s.Issuers),
		setting.Texts("algorithms", &s.Algorithms),
		setting.Duration("leeway", &s.Leeway),
		setting.Duration("max_token_age", &s.MaxTokenAge),
		setting.Optional("mtls", &s.MTLS),
		setting.Text("tenant", &s.Tenant),
		setting.Text("authority", &s.Authority),
	}
}

// URLs returns the iss of each issuer by its name; client certificates have
// their name alone.
func (s Settings) URLs() map[string]string {
	urls := map[string]string{}
	for _, one := range s.Issuers {
		urls[one.Name] = one.withDefaults().URL
	}
	if s.MTLS != nil {
		urls[MutualName] = MutualName
	}
	return urls
}

// Bounds and defaults of the settings.
const (
	defaultLeeway      = time.Minute
	maxLeeway          = 5 * time.Minute
	defaultMaxTokenAge = 24 * time.Hour
	entraMaxTokenAge   = 28 * time.Hour   // of Entra's for clients that take part in continuous access evaluation, as Azure's SDKs do
	datedBack          = 10 * time.Minute // that iat may lie before a token was made; Entra's does so by five minutes
	maxMaxTokenAge     = 31 * 24 * time.Hour
)

// Algorithms are those that a token may be signed with: none with a secret that
// the server would have to know, and never none at all.
func Algorithms() []string { return []string{"RS256", "PS256", "ES256", "ES384", "EdDSA"} }

// Check reports every setting that will not do, without looking at files or the network.
func (s *Settings) Check() (wrong []error) {
	for _, a := range s.Algorithms {
		if !slices.Contains(Algorithms(), a) {
			wrong = append(wrong, fmt.Errorf("algorithms: %q cannot be used; choose from %s", a, strings.Join(Algorithms(), ", ")))
		}
	}
	if s.Leeway != 0 && (s.Leeway < time.Second || s.Leeway > maxLeeway) {
		wrong = append(wrong, fmt.Errorf("leeway is %v; it must be 1s to %v, or 0s for the default, %v", s.Leeway, maxLeeway, defaultLeeway))
	}
	if s.MaxTokenAge != 0 && (s.MaxTokenAge < time.Minute || s.MaxTokenAge > maxMaxTokenAge) {
		wrong = append(wrong, fmt.Errorf("max_token_age is %v; it must be 1m to %v, or 0s for the default, 24h (28h for Entra)", s.MaxTokenAge, maxMaxTokenAge))
	}
	if err := checkSegment("tenant", s.Tenant); err != nil {
		wrong = append(wrong, err)
	}
	if err := checkAuthority(s.Authority); err != nil {
		wrong = append(wrong, err)
	}
	if s.MTLS != nil {
		for _, err := range s.MTLS.Check() {
			wrong = append(wrong, fmt.Errorf("mtls: %w", err))
		}
	}
	return append(wrong, checkIssuers(s.Issuers)...)
}

// checkIssuers checks each issuer, and that no two share a name or an iss.
func checkIssuers(issuers []IssuerSettings) (wrong []error) {
	names, urls := map[string]bool{}, map[string]string{}
	for i, one := range issuers {
		one = one.withDefaults()
		called := one.Name
		if called == "" {
			called = fmt.Sprintf("number %d", i+1)
		}
		for _, err := range one.check() {
			wrong = append(wrong, fmt.Errorf("issuers: %s: %w", called, err))
		}
		if names[one.Name] && one.Name != "" {
			wrong = append(wrong, fmt.Errorf("issuers: %s is there twice; give each issuer a name of its own", one.Name))
		}
		names[one.Name] = true
		for _, iss := range append([]string{one.URL}, one.Also...) {
			if other, taken := urls[iss]; taken && iss != "" {
				wrong = append(wrong, fmt.Errorf("issuers: %s and %s have the same url, %s; leave one of them out", other, called, iss))
			}
			urls[iss] = called
		}
	}
	return wrong
}

// checkSegment checks what stands as one segment of the challenge's path.
func checkSegment(key, text string) error {
	if strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") != "" || len(text) > 64 {
		return fmt.Errorf("%s: %q must be made of letters, digits, '-', '.' and '_'", key, text)
	}
	return nil
}

// checkAuthority checks that clients will be able to read an authority out of
// the challenge: they take its path for the tenant, and split the header at
// spaces, commas and equals signs.
func checkAuthority(authority string) error {
	if authority == "" {
		return nil
	}
	if err := outbound.CheckURL(authority); err != nil {
		return fmt.Errorf("authority: %w", err)
	}
	u, err := url.Parse(authority)
	if err != nil {
		return fmt.Errorf("authority: %w", err)
	}
	tenant := strings.TrimPrefix(u.EscapedPath(), "/")
	if tenant == "" || !plainHost(u.Host) || checkSegment("", tenant) != nil {
		return errors.New("authority: its path must be one tenant, as in https://login.microsoftonline.com/TENANT, without a slash at the end")
	}
	return nil
}
