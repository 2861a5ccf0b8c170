package config

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"certwright/internal/issuer/acme"
	"certwright/internal/issuer/ca"
	"certwright/internal/issuer/openbao"
	"certwright/internal/must"
	"certwright/internal/setting"

	"github.com/google/go-cmp/cmp"
)

// The providers of the design, as a person would write them.
const designed = `
providers:
  Internal:  {kind: ca, profile: web, common_name: Example Issuing CA, validity_days: 90}
  DigiCert:  {kind: digicert, base_url: https://www.digicert.com/services/v2}
  LetsEncrypt: {kind: acme, directory: https://acme-v02.api.letsencrypt.org/directory, ca_bundle: "", challenge: dns-01,
                solver: {kind: rfc2136, server: 10.0.0.53:53, zone: example.org, tsig_name: k, tsig_secret_file: /etc/certwright/tsig}}
  OpenBao:   {kind: vault, address: "https://bao:8200", ca_bundle: "", mount: pki, role: web}
`

func TestDesignedProviders(t *testing.T) {
	t.Parallel()
	c, err := parse([]byte(designed))
	if err == nil {
		err = c.Check()
	}
	must.Do(t, err)
	le, _ := c.Providers["LetsEncrypt"].Settings.(*acme.Settings)
	own, _ := c.Providers["Internal"].Settings.(*ca.Settings)
	if le.Solver.TSIGSecretFile != "/etc/certwright/tsig" || own.CommonName != "Example Issuing CA" || own.Own.ValidityDays != 90 {
		t.Errorf("read as %+v and %+v", le, own)
	}
}

func TestProviderSettingsAreRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"P: {kind: vault, adress: 'https://bao:8200'}":                      "line 2: providers: P: unknown setting \"adress\"\nhint: did you mean address?",
		"P: {kind: acme, solver: {kind: rfc2136, zones: x}}":                "line 2: providers: P: solver: unknown setting \"zones\"\nhint: did you mean zone?",
		"P: {kind: ca, profiles: {web: {validity: 3}}}":                     "line 2: providers: P: profiles: web: unknown setting \"validity\"\nhint: use one of validity_days,",
		"P: {kind: ca, import: {cert: x}}":                                  "line 2: providers: P: import: unknown setting \"cert\"",
		"P: {kind: ca, Own: {}}":                                            "line 2: providers: P: unknown setting \"Own\"",
		"P: {kind: ca, validity_days: many}":                                "line 2: ",
		"P: {kind: scripted, role: x}":                                      "line 2: providers: P: unknown setting \"role\"\nhint: use one of kind",
		"A: &a {kind: vault, role: web}\n  B: *a\n  C: {<<: *a, adress: x}": "line 4: providers: C: unknown setting \"<<\"",
		"A: {kind: vault, roles: &r [a]}\n  B: {kind: scripted, roles: *r}": "line 3: providers: B: unknown setting \"roles\"",
		"A: [kind, ca]": "line 2: ",
		"A: ca":         "line 2: ",
	} {
		if c, err := parse([]byte("providers:\n  " + text + "\n")); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s:\ngot  %v (%+v)\nwant %s", text, err, c, want)
		}
	}
	for text, want := range map[string]string{
		"P: {kind: vault}": "providers: P: address is missing",
		"P: {kind: acme, directory: 'http://ca.example/d'}": "providers: P: directory: ",
		"P: {kind: ca, validity_days: -1}":                  "providers: P: ",
		"P: {kind: digicert, base_url: 'http://x'}":         "providers: P: base_url: ",
		"P: {}":                      "providers: P has no kind; use one of acme, ca, digicert, scripted, vault",
		"P: {knd: ca}":               "line 2: providers: P: unknown setting \"knd\"\nhint: did you mean kind?",
		"P: {kind: adcs, server: x}": "providers: P has the unknown kind \"adcs\"; use one of acme, ca, digicert, scripted, vault",
		"A: &a {kind: vault, address: 'https://b', role: '/'}\n  B: *a": "providers: A: role",
	} {
		c, err := parse([]byte("providers:\n  " + text + "\n"))
		if err == nil {
			err = c.Check()
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s:\ngot  %v\nwant %s", text, err, want)
		}
	}
}

// below lists the settings among fields and below them, each with the setting above it.
func below(fields []setting.Field, above string) map[string]setting.Field {
	all := map[string]setting.Field{}
	for _, f := range fields {
		all[above+f.Key] = f
		maps.Copy(all, below(f.In, f.Key+"."))
	}
	return all
}

// A setting that names a file is declared as one, so that it is meant beside the
// configuration; one that looks like it and is not is seen here.
func TestFilesAmongSettings(t *testing.T) {
	t.Parallel()
	got := map[string][]string{}
	for name, empty := range kinds {
		for key, f := range below(empty().Fields(), "") {
			hint := strings.ReplaceAll(key, "profile", "")
			switch {
			case f.File:
				got[name] = append(got[name], key)
			case strings.Contains(hint, "file"), strings.Contains(hint, "path"), strings.Contains(hint, "bundle"):
				t.Errorf("%s: is %s no file?", name, key)
			}
		}
		slices.Sort(got[name])
	}
	delete(got, "scripted")
	want := map[string][]string{
		"ca":       {"import.certificate", "import.key"},
		"acme":     {"ca_bundle", "solver.account_file", "solver.ca_bundle", "solver.password_file", "solver.secret_file", "solver.tsig_secret_file"},
		"digicert": {"ca_bundle"},
		"vault":    {"ca_bundle", "token_file"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestFilesAreBesideTheConfiguration(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "c.yaml")
	text := `providers:
  B: {kind: vault, address: "https://bao:8200", role: web, ca_bundle: certs/roots.pem, token_file: /abs/token}
  A: {kind: acme, directory: "https://ca", solver: {kind: rfc2136, server: "s", tsig_secret_file: ../tsig}}
  C: {kind: ca, import: {certificate: ca.pem, key: ""}}
`
	must.Do(t, os.WriteFile(path, []byte(text), 0o600))
	c, err := Read(path)
	must.Do(t, err)
	b, _ := c.Providers["B"].Settings.(*openbao.Settings)
	a, _ := c.Providers["A"].Settings.(*acme.Settings)
	own, _ := c.Providers["C"].Settings.(*ca.Settings)
	got := []string{b.CABundle, b.TokenFile, b.Address, a.Solver.TSIGSecretFile, a.CABundle, own.Import.Certificate, own.Import.Key}
	want := []string{filepath.Join(dir, "certs/roots.pem"), "/abs/token", "https://bao:8200", filepath.Join(filepath.Dir(dir), "tsig"), "", filepath.Join(dir, "ca.pem"), ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
