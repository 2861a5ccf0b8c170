package server

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"certwright/internal/issuer/acme"
	"certwright/internal/issuer/ca"
	"certwright/internal/issuer/openbao"
	"certwright/internal/vault"

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
	if err != nil {
		t.Fatal(err)
	}
	le, _ := c.Providers["LetsEncrypt"].Settings.(acme.Settings)
	own, _ := c.Providers["Internal"].Settings.(ca.Settings)
	if le.Solver.TSIGSecretFile != "/etc/certwright/tsig" || own.CommonName != "Example Issuing CA" || own.Own.ValidityDays != 90 {
		t.Errorf("read as %+v and %+v", le, own)
	}
}

func TestProviderSettingsAreRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"P: {kind: vault, adress: 'https://bao:8200'}":                      "line 2: providers: P: \"adress\" is no setting\nhint: did you mean address?",
		"P: {kind: acme, solver: {kind: rfc2136, zones: x}}":                "line 2: providers: P: solver: \"zones\" is no setting\nhint: did you mean zone?",
		"P: {kind: ca, profiles: {web: {validity: 3}}}":                     "line 2: providers: P: profiles: web: \"validity\" is no setting\nhint: there are validity_days,",
		"P: {kind: ca, import: {cert: x}}":                                  "line 2: providers: P: import: \"cert\" is no setting",
		"P: {kind: ca, Own: {}}":                                            "line 2: providers: P: \"Own\" is no setting",
		"P: {kind: ca, validity_days: many}":                                "line 2: ",
		"P: {kind: scripted, role: x}":                                      "line 2: providers: P: \"role\" is no setting\nhint: there are kind",
		"A: &a {kind: vault, role: web}\n  B: *a\n  C: {<<: *a, adress: x}": "line 4: providers: C: \"<<\" is no setting",
		"A: {kind: vault, roles: &r [a]}\n  B: {kind: scripted, roles: *r}": "line 3: providers: B: \"roles\" is no setting",
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
		"P: {}":                      "providers: P has no kind; there are acme, ca, digicert, scripted, vault",
		"P: {knd: ca}":               "line 2: providers: P: \"knd\" is no setting\nhint: did you mean kind?",
		"P: {kind: adcs, server: x}": "providers: P is of kind \"adcs\"; there are acme, ca, digicert, scripted, vault",
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

// textsIn lists the settings under a type that are text, each with the setting above it.
func textsIn(t reflect.Type, key string) (all []string) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return textsIn(t.Elem(), key)
	case reflect.String:
		return []string{key}
	case reflect.Struct:
		for _, s := range settingsIn(t) {
			all = append(all, textsIn(s.of, strings.TrimPrefix(lastOf(key)+"."+s.key, "."))...)
		}
	}
	return all
}

// Which settings name files is a rule about their keys; a new setting that the
// rule misjudges is seen here.
func TestFilesAmongSettings(t *testing.T) {
	t.Parallel()
	got := map[string][]string{}
	for name, k := range kinds() {
		for _, key := range textsIn(k.settings, "") {
			hint := strings.ReplaceAll(key, "profile", "")
			switch {
			case isFile(key):
				got[name] = append(got[name], key)
			case strings.Contains(hint, "file"), strings.Contains(hint, "path"), strings.Contains(hint, "bundle"):
				t.Errorf("%s: is %s no file?", name, key)
			}
		}
		slices.Sort(got[name])
	}
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
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := c.Providers["B"].Settings.(openbao.Settings)
	a, _ := c.Providers["A"].Settings.(acme.Settings)
	own, _ := c.Providers["C"].Settings.(ca.Settings)
	got := []string{b.CABundle, b.TokenFile, b.Address, a.Solver.TSIGSecretFile, a.CABundle, own.Import.Certificate, own.Import.Key}
	want := []string{filepath.Join(dir, "certs/roots.pem"), "/abs/token", "https://bao:8200", filepath.Join(filepath.Dir(dir), "tsig"), "", filepath.Join(dir, "ca.pem"), ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// rows are Accounts in memory.
type rows map[string][]byte

func (r rows) Read(_ context.Context, id string) ([]byte, int64, error) {
	if plain, ok := r[id]; ok {
		return plain, 1, nil
	}
	return nil, 0, vault.ErrNotFound
}

func (r rows) Write(_ context.Context, id string, plain []byte, _ int64) error {
	r[id] = plain
	return nil
}

// Writing a provider's name in other letters leads to the same accounts; what
// follows the name keeps its letters.
func TestAccountsFoldTheName(t *testing.T) {
	t.Parallel()
	kept := rows{}
	a := foldedAccounts{kept}
	for _, id := range []string{"acme/LetsEncrypt/Key/One", "ca/Internal", "plain"} {
		if err := a.Write(t.Context(), id, []byte(id), 0); err != nil {
			t.Fatal(err)
		}
	}
	for id, want := range map[string]string{
		"acme/LETSENCRYPT/Key/One": "acme/LetsEncrypt/Key/One", "ca/internal": "ca/Internal", "plain": "plain",
		"acme/LetsEncrypt/key/one": "", "Plain": "",
	} {
		got, _, err := a.Read(t.Context(), id)
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v, want %q", id, got, err, want)
		}
	}
}

// played is an issuer that says who it is; own is one that is a CA too.
type played string

func (played) Step(context.Context, vault.Order) (vault.Progress, error) {
	return vault.Progress{}, nil
}

type own struct {
	played
	files map[string]string
	err   error
}

func (o own) Rollover(context.Context) error { return o.err }

func (o own) File(_ context.Context, name string) (string, []byte, error) {
	if text, ok := o.files[name]; ok {
		return "text/plain", []byte(text), nil
	}
	if o.err != nil {
		return "", nil, o.err
	}
	return "", nil, vault.ErrNotFound
}

func TestProvidersAreFound(t *testing.T) {
	t.Parallel()
	p := &providers{played: played("any"), named: map[string]vault.Issuer{
		"corp":   own{played: "corp", files: map[string]string{"corp.pem": "corp"}},
		"corp-1": own{played: "corp-1", files: map[string]string{"corp-1.pem": "the first"}},
		"bao":    played("bao"),
		"sick":   own{played: "sick", err: vault.Bad("not now")},
	}}
	for name, want := range map[string]string{"CORP": "corp", "corp-1": "corp-1", "Bao": "bao", "DigiCert": "any", "": "any"} {
		if got := fmt.Sprint(p.issuer(name)); !strings.Contains(got, want) {
			t.Errorf("%s leads to %s", name, got)
		}
	}
	for file, want := range map[string]string{"corp.pem": "corp", "corp-1.pem": "the first", "corp-2.pem": "", "bao.pem": "", "": "", "corp": "", "other.pem": ""} {
		_, body, err := p.published(t.Context(), file)
		if string(body) != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", file, body, err)
		}
	}
	if _, _, err := p.published(t.Context(), "sick.pem"); err == nil || err == vault.ErrNotFound {
		t.Errorf("a fault is %v", err)
	}
	for name, want := range map[string]string{"Corp": "", "sick": "not now", "bao": "no provider of kind ca", "none": "no provider of kind ca"} {
		err := p.rollover(t.Context(), name)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

func TestInternalIsTheOwnCAUnlessConfigured(t *testing.T) {
	t.Parallel()
	script := Provider{Kind: "scripted", Settings: scriptedSettings{}}
	for _, c := range []struct {
		all  map[string]Provider
		want map[string]string
	}{
		{nil, map[string]string{"Internal": "ca"}},
		{map[string]Provider{"Test": script}, map[string]string{"Internal": "ca", "Test": "scripted"}},
		{map[string]Provider{"INTERNAL": script}, map[string]string{"INTERNAL": "scripted"}},
	} {
		got := map[string]string{}
		for name, p := range withInternal(c.all) {
			got[name] = p.Kind
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", c.all, diff)
		}
	}
}

// A file that a setting names and that cannot be read keeps the server from
// starting, and the error says whose it is.
func TestStartNamesTheProviderThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "none.pem")
	c := Config{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: t.TempDir(), Providers: map[string]Provider{
		"Bao": {Kind: "vault", Settings: openbao.Settings{Address: "https://bao:8200", Role: "web", CABundle: missing}},
	}}
	s, err := Start(t.Context(), c, Options{})
	if err == nil {
		_ = s.Stop()
	}
	if err == nil || !strings.Contains(err.Error(), "open provider Bao: ") || !strings.Contains(err.Error(), missing) {
		t.Errorf("got %v", err)
	}
}
