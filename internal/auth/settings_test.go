package auth

import (
	"strings"
	"testing"
	"time"

	"certwright/internal/setting"
)

// read reads `auth:` as it stands in a file.
func read(t *testing.T, text string) (s Settings, wrong []string) {
	t.Helper()
	if err := setting.Read([]byte(text), s.Fields(), "/etc/certwright"); err != nil {
		return s, []string{err.Error()}
	}
	for _, err := range s.Check() {
		wrong = append(wrong, err.Error())
	}
	return s, wrong
}

func TestSettings(t *testing.T) {
	t.Parallel()
	s, wrong := read(t, `
issuers:
  - name: corp
    url: https://login.microsoftonline.com/contoso/v2.0
    also: [https://sts.windows.net/contoso/]
    audiences: [https://vault.azure.net, cfa8b339-82a2-471a-a3c9-0fc0be7a4093]
    claims: {subject: oid, app: [appid, azp], groups: groups, roles: roles, tenant: tid}
  - {name: short, entra: fabrikam}
  - name: cluster
    url: https://kubernetes.default.svc.cluster.local
    jwks: https://10.0.0.1:6443/openid/v1/jwks
    ca_bundle: kube-ca.pem
    audiences: [certwright]
    require: {kubernetes.io/namespace: [web, shop]}
  - {name: apart, url: any text, jwks_file: keys.json, federation: true}
  - {name: actions, url: https://token.actions.githubusercontent.com, audiences: [certwright], require: {repository_owner: [acme]}}
algorithms: [RS256, EdDSA]
leeway: 30s
max_token_age: 48h
mtls: {ca: clients.pem, subject: san_dns}
tenant: contoso
authority: https://login.microsoftonline.com/contoso
`)
	if wrong != nil || len(s.Issuers) != 5 || s.Issuers[2].CABundle != "/etc/certwright/kube-ca.pem" || s.Issuers[3].JWKSFile != "/etc/certwright/keys.json" ||
		s.MTLS.CA != "/etc/certwright/clients.pem" || s.Leeway != 30*time.Second || s.MaxTokenAge != 48*time.Hour || s.Issuers[2].Require["kubernetes.io/namespace"][1] != "shop" {
		t.Errorf("%+v\n%s", s, strings.Join(wrong, "\n"))
	}
}

// Each setting that will not do has its place and a way out.
func TestSettingsRefused(t *testing.T) {
	t.Parallel()
	issuer := func(more string) string {
		return "issuers: [{name: corp, url: https://login.example.org, audiences: [a], " + more + "}]"
	}
	for text, want := range map[string]string{
		"algorithms: [HS256]":                                 `algorithms: "HS256" cannot be used; choose from RS256`,
		"algorithms: [none]":                                  `algorithms: "none" cannot be used`,
		"leeway: 6m":                                          "leeway is 6m0s; it must be 1s to 5m0s",
		"leeway: -1s":                                         "leeway is -1s",
		"max_token_age: 1s":                                   "max_token_age is 1s",
		"tenant: a/b":                                         `tenant: "a/b" must be made of`,
		"authority: http://login.example.org/t":               "authority: \"http://login.example.org/t\" must begin with https",
		"authority: https://login.example.org":                "authority: its path must be one tenant",
		"authority: https://login.example.org/t/":             "authority: its path must be one tenant",
		"authority: https://login.example.org/a/b":            "authority: its path must be one tenant",
		"authority: https://login.example.org/a=b":            "authority: its path must be one tenant",
		"mtls: {}":                                            "mtls: ca: is missing",
		"mtls: {ca: a, subject: email}":                       `mtls: subject: "email" is unknown`,
		"issuers: [{url: https://a.example, audiences: [a]}]": "issuers: number 1: name: is missing",
		"issuers: [{name: a/b, url: https://a.example, audiences: [a]}]":                                                  `issuers: a/b: name: "a/b" is not a valid name`,
		"issuers: [{name: mtls, url: https://a.example, audiences: [a]}]":                                                 `issuers: mtls: name: "mtls" is not a valid name`,
		"issuers: [{name: certwright, url: https://a.example, audiences: [a]}]":                                           `issuers: certwright: name: "certwright" is not a valid name`,
		"issuers: [{name: corp, audiences: [a]}]":                                                                         "issuers: corp: url: is missing",
		"issuers: [{name: corp, url: https://a.example}]":                                                                 "issuers: corp: audiences: is missing",
		"issuers: [{name: corp, url: https://a.example, audiences: ['']}]":                                                "issuers: corp: audiences: an empty text",
		"issuers: [{name: corp, url: http://a.example, audiences: [a]}]":                                                  `issuers: corp: url: "http://a.example" must begin with https`,
		"issuers: [{name: corp, url: 'https://a.example?x', audiences: [a]}]":                                             "issuers: corp: url: \"https://a.example?x\" must have no user, query",
		"issuers: [{name: corp, url: https://login.microsoftonline.com/common/v2.0, audiences: [a]}]":                     "is every tenant's; write that of one",
		"issuers: [{name: corp, url: https://login.microsoftonline.com/organizations/v2.0, audiences: [a]}]":              "is every tenant's; write that of one",
		"issuers: [{name: corp, url: 'https://login.microsoftonline.com/{tenantid}/v2.0', audiences: [a]}]":               "is a pattern; write the iss of one tenant",
		"issuers: [{name: corp, entra: common}]":                                                                          "is every tenant's; write that of one",
		"issuers: [{name: corp, entra: t, url: https://a.example, audiences: [a]}]":                                       "issuers: corp: entra: write a tenant's id",
		"issuers: [{name: corp, entra: a/b}]":                                                                             "issuers: corp: entra: write a tenant's id",
		"issuers: [{name: a, url: https://token.actions.githubusercontent.com, audiences: [a]}]":                          "issuers: a: require: is missing: token.actions.githubusercontent.com gives tokens to everybody",
		"issuers: [{name: a, url: https://a.example, audiences: [a]}, {name: a, url: https://b.example, audiences: [a]}]": "issuers: a is there twice",
		"issuers: [{name: a, url: https://a.example, audiences: [a]}, {name: b, url: https://a.example, audiences: [a]}]": "issuers: a and b have the same url, https://a.example",
		issuer("jwks: http://x.example/keys"):                                                                             `issuers: corp: jwks: "http://x.example/keys" must begin with https`,
		issuer("jwks: https://x.example/keys, jwks_file: f"):                                                              "issuers: corp: jwks: there is a jwks_file as well",
		issuer("require: {owner: []}"):                                                                                    `issuers: corp: require: "owner" names no value`,
		issuer("claims: {preset: okta}"):                                                                                  `issuers: corp: claims: preset: "okta" is unknown; write entra or generic`,
		issuer("claims: {app: ['']}"):                                                                                     "issuers: corp: claims: app: an empty text",
		issuer("clams: {}"):                                                                                               "line 1: issuers: unknown setting \"clams\"\nhint: did you mean claims?",
	} {
		if _, wrong := read(t, text); len(wrong) == 0 || !strings.Contains(strings.Join(wrong, "\n"), want) {
			t.Errorf("%s:\ngot  %q\nwant %s", text, wrong, want)
		}
	}
}
