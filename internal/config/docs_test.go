package config

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"certwright/internal/must"
	"certwright/internal/setting"
)

// The configuration in docs/operate.md is the one that this program reads, and
// no key of it is missing there.
func TestDocumentedConfiguration(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/operate.md")
	must.Do(t, err)
	_, block, _ := strings.Cut(string(text), "```yaml\n")
	block, _, ok := strings.Cut(block, "```")
	c, err := parse([]byte(block))
	if err == nil {
		err = c.Check()
	}
	if err != nil || !ok {
		t.Fatalf("%v in\n%s", err, block)
	}
	for _, f := range append(c.Fields(), (&Vault{}).Fields()...) {
		if !strings.Contains(block, f.Key+":") && !isServes(f.Key) {
			t.Errorf("%s is not documented", f.Key)
		}
	}
	usual := Config{}.WithDefaults()
	if c.Listen != usual.Listen || c.HTTP != usual.HTTP || c.DefaultVault != usual.DefaultVault || c.Tenant != usual.Tenant ||
		c.Region != usual.Region || c.RetryAfter != usual.RetryAfter {
		t.Errorf("the documented defaults %+v are not the program's %+v", c, usual)
	}
}

// Every configuration in the pages on issuers is one that this program takes,
// and every setting of every kind stands in its page.
func TestDocumentedProviders(t *testing.T) {
	t.Parallel()
	pages := map[string]string{}
	names, err := filepath.Glob("../../docs/issuers/*.md")
	if err != nil || len(names) == 0 {
		t.Fatalf("%v, %v", names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		must.Do(t, err)
		pages[filepath.Base(name)] = string(text)
		for i, block := range yamlIn(string(text)) {
			c, err := parse([]byte(block))
			if err == nil {
				err = c.Check()
			}
			if err != nil {
				t.Errorf("%s, block %d: %v in\n%s", name, i+1, err, block)
			}
		}
	}
	for kind, where := range map[string][]string{
		"ca": {"ca.md"}, "acme": {"acme.md", "solvers.md"}, "digicert": {"digicert.md"}, "vault": {"openbao.md"}, "scripted": {"scripted.md"},
	} {
		text := ""
		for _, page := range where {
			text += pages[page]
		}
		var missing []string
		for _, key := range keysIn(kinds[kind]().Fields()) {
			if !regexp.MustCompile(`\b` + key + `\b`).MatchString(text) {
				missing = append(missing, key)
			}
		}
		if missing != nil {
			t.Errorf("kind %s: %v lack %v", kind, where, missing)
		}
	}
}

// What docs/access.md has to paste is taken by a production server, each rule of
// it decides something, and no setting is missing in the page.
func TestDocumentedAccess(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/access.md")
	must.Do(t, err)
	_, block, _ := strings.Cut(string(text), "```yaml\n")
	block, _, ok := strings.Cut(block, "```")
	c, err := parse([]byte(block + `
auth:
  issuers:
    - {name: corp, url: https://login.example.org/corp, audiences: [https://vault.example.org]}
    - {name: cluster, url: https://kubernetes.default.svc, audiences: [certwright]}
  token_service: {issuer: https://vault.example.org/adfs}
`))
	must.Do(t, err)
	rules, err := c.Permissions()
	if err != nil || !ok || len(rules.Rows()) != 5 {
		t.Fatalf("%v in\n%s", err, block)
	}
	for _, r := range rules.Rows() {
		if r.Idle != "" {
			t.Errorf("%+v decides nothing", r)
		}
	}
	for _, key := range append(keysIn((&Vault{}).serveFields()), keysIn(c.Access.Fields())...) {
		if !regexp.MustCompile(`\b` + key + `\b`).MatchString(string(text)) {
			t.Errorf("%s is not documented", key)
		}
	}
}

// yamlIn returns the yaml blocks of a page that configure providers.
func yamlIn(page string) (blocks []string) {
	for {
		_, rest, ok := strings.Cut(page, "```yaml\n")
		if !ok {
			return blocks
		}
		block, rest, _ := strings.Cut(rest, "```")
		if strings.Contains(block, "providers:") {
			blocks = append(blocks, block)
		}
		page = rest
	}
}

// isServes reports whether a setting is one of certwright serve alone.
func isServes(key string) bool {
	return slices.ContainsFunc(append((&Config{}).serveFields(), (&Vault{}).serveFields()...), func(f setting.Field) bool { return f.Key == key })
}

// keysIn lists the keys of settings and of those below them.
func keysIn(fields []setting.Field) (keys []string) {
	for _, f := range fields {
		keys = append(append(keys, f.Key), keysIn(f.In)...)
	}
	return keys
}

// Every configuration in docs/serve.md is one that a production server takes,
// with what a block leaves out filled in, and no setting of serve is missing there.
func TestDocumentedServe(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/serve.md")
	must.Do(t, err)
	blocks := strings.Split(string(text), "```yaml\n")[1:]
	if len(blocks) < 6 {
		t.Fatalf("there are %d configurations", len(blocks))
	}
	for i, block := range blocks {
		block, _, _ = strings.Cut(block, "```")
		c, err := parse([]byte(block))
		must.Do(t, err)
		usual := production()
		c.Production, c.Data = true, "/data"
		if c.Vaults == nil {
			c.Vaults = usual.Vaults
		}
		if !c.TLS.FromVault() && c.TLS.Cert == "" {
			c.TLS = usual.TLS
		}
		if len(c.Auth.Issuers) == 0 && c.Auth.TokenService == nil {
			c.Auth = usual.Auth
		}
		if err := c.Check(); err != nil {
			t.Errorf("block %d: %v in\n%s", i+1, err, block)
		}
	}
	for _, f := range (&Config{}).serveFields() {
		if !strings.Contains(string(text), f.Key+":") {
			t.Errorf("%s is not documented", f.Key)
		}
	}
}

// Every keyset in docs/keys-at-rest.md is one that this program takes, and every
// setting of every kind stands there.
func TestDocumentedKeyset(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", "/run/credentials/certwright.service")
	page, err := os.ReadFile("../../docs/keys-at-rest.md")
	must.Do(t, err)
	kinds, blocks := map[string]bool{}, 0
	for _, block := range strings.Split(string(page), "```yaml\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		c, err := parse([]byte(block))
		if err == nil {
			err = c.Check()
		}
		if err != nil || len(c.Keyset.KEKs) == 0 {
			t.Errorf("%v in\n%s", err, block)
		}
		blocks++
		for _, kek := range c.Keyset.KEKs {
			kinds[kek.Kind] = true
			for _, key := range keysIn(kek.Settings.Fields()) {
				if !strings.Contains(string(page), "`"+key+"`") && !strings.Contains(string(page), key+":") {
					t.Errorf("%s of %s is not documented", key, kek.Kind)
				}
			}
		}
	}
	if blocks < 5 || !kinds["file"] || !kinds["transit"] || !kinds["exec"] {
		t.Errorf("%d blocks, kinds %v", blocks, kinds)
	}
}
