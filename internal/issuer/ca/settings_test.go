package ca

import (
	"errors"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/setting"
)

func TestSettingsFromYAML(t *testing.T) {
	t.Parallel()
	var s Settings
	err := setting.Read([]byte(`
common_name: Example Issuing CA
public_url: http://pki.example.org
manual_approval: true
pending_timeout: 720h
permitted_dns: [example.org]
profile: web
validity_days: 60
profiles:
  web: {allow_dns: [example.org, "*.example.org"], ekus: [serverAuth]}
  short: {validity_days: 7, webpki_like: true}
`), s.Fields(), "/")
	must.Do(t, err)
	if wrong := s.Check(); wrong != nil {
		t.Fatal(wrong)
	}
	web, ok := s.profile("")
	short, ok2 := s.profile("short")
	if !ok || !ok2 || web.ValidityDays != 60 || len(web.AllowDNS) != 2 || short.ValidityDays != 7 || !short.WebPKILike {
		t.Errorf("profiles %+v and %+v", web, short)
	}
	if (&Issuer{Settings: s}).PendingLimit() != 720*time.Hour {
		t.Errorf("pending_timeout is %v", s.PendingTimeout)
	}
}

func TestSettingsRefused(t *testing.T) {
	t.Parallel()
	if wrong := (Settings{}).Check(); wrong != nil {
		t.Errorf("settings need not be there, but: %v", wrong)
	}
	profile := func(p Profile) Settings { return Settings{Profiles: map[string]Profile{"web": p}} }
	for want, s := range map[string]Settings{
		"common_name: \" x\"": {CommonName: " x"},
		"common_name: \"" + strings.Repeat("x", 51) + `" must be a plain name of at most 50 bytes`: {CommonName: strings.Repeat("x", 51)},
		"root_common_name: must differ":                             {CommonName: "x", RootCommonName: "x"},
		"root_years: 101":                                           {RootYears: 101},
		"issuing_years: -1":                                         {IssuingYears: -1},
		"issuing_years: 21 is longer":                               {IssuingYears: 21},
		"validity_days: 1000 is more":                               {Own: Profile{ValidityDays: 1000}},
		"validity_days: 999 is more":                                profile(Profile{ValidityDays: 999}),
		"validity_days: -1":                                         {Own: Profile{ValidityDays: -1}},
		"public_url: ":                                              {PublicURL: "pki.example.org"},
		"pending_timeout: -1s":                                      {PendingTimeout: -time.Second},
		"import: needs both":                                        {Import: Import{Key: "k"}},
		"import: an imported issuing CA has its name and life":      {Import: Import{Certificate: "c", Key: "k"}, RootYears: 5},
		"import: an imported issuing CA has its name con":           {Import: Import{Certificate: "c", Key: "k"}, PermittedDNS: []string{"example.org"}},
		`permitted_dns: "*.example.org"`:                            {PermittedDNS: []string{"*.example.org"}},
		`excluded_dns: ""`:                                          {ExcludedDNS: []string{""}},
		`permitted_uris: "https://x"`:                               {PermittedURIs: []string{"https://x"}},
		`permitted_emails: "@x"`:                                    {PermittedEmails: []string{"@x"}},
		`permitted_ips: "10.0.0.1/8" has bits`:                      {PermittedIPs: []string{"10.0.0.1/8"}},
		`excluded_ips: "ten"`:                                       {ExcludedIPs: []string{"ten"}},
		`profile: "mail" is not one of the profiles, which are web`: {Profile: "mail", Profiles: map[string]Profile{"web": {}}},
		"profiles: one has no name":                                 {Profiles: map[string]Profile{"": {}}},
		"profiles: beside them only":                                {Own: Profile{AllowDNS: []string{"x"}}, Profiles: map[string]Profile{"web": {}}},
		`profiles: web: allow_dns: ".x"`:                            profile(Profile{AllowDNS: []string{".x"}}),
		`profiles: web: allow_ips: "x"`:                             profile(Profile{AllowIPs: []string{"x"}}),
		`profiles: web: allow_emails: "x"`:                          profile(Profile{AllowEmails: []string{"x"}}),
		`profiles: web: allow_upns: "x"`:                            profile(Profile{AllowUPNs: []string{"x"}}),
		`profiles: web: allow_uris: "x"`:                            profile(Profile{AllowURIs: []string{"x"}}),
		`profiles: web: ekus: "x"`:                                  profile(Profile{EKUs: []string{"x"}}),
		`key_usages: "keyCertSign"`:                                 {Own: Profile{KeyUsages: []string{"keyCertSign"}}},
	} {
		if err := errors.Join(s.Check()...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		if _, err := New(t.Context(), Issuer{Name: "Internal", Settings: s}); err == nil {
			t.Errorf("New takes what Check refuses: %q", want)
		}
	}
	if _, err := New(t.Context(), Issuer{Name: "In/ternal"}); err == nil {
		t.Error("a name that is no file name is taken")
	}
}
