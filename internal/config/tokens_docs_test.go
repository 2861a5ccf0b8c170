package config

import (
	"os"
	"slices"
	"strings"
	"testing"

	"certwright/internal/must"
)

// Every configuration in docs/tokens.md is one that certwright serve takes, and
// every setting of the token service stands there.
func TestDocumentedTokenService(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/tokens.md")
	must.Do(t, err)
	blocks := strings.Split(string(text), "```yaml\n")[1:]
	if len(blocks) != 2 {
		t.Fatalf("%d blocks", len(blocks))
	}
	for i := range blocks {
		blocks[i], _, _ = strings.Cut(blocks[i], "```")
	}
	for i, block := range blocks {
		c, err := parse([]byte(block))
		must.Do(t, err)
		if c.Auth.TokenService == nil {
			t.Fatalf("block %d has no token service", i+1)
		}
		for _, err := range c.Auth.check() {
			t.Errorf("block %d: %v", i+1, err)
		}
	}
	for _, key := range slices.Compact(slices.Sorted(slices.Values(keysIn((&Auth{}).Fields()[len((&Auth{}).Fields())-1].In)))) {
		if !strings.Contains(blocks[1], key+":") {
			t.Errorf("%s is not documented", key)
		}
	}
}

func TestAuthRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"auth: {algorithms: [RS256], token_service: {issuer: 'https://v.example/adfs'}}":                                      "auth: token_service: keys: it signs by ES256, which auth: algorithms leaves out\nhint: ",
		"auth: {max_token_age: 30m, token_service: {issuer: 'https://v.example/adfs'}}":                                       "auth: token_service: lifetime is 1h0m0s, and auth: max_token_age takes tokens of 30m0s at most\nhint: ",
		"tenant: contoso\nauth: {token_service: {issuer: 'https://v.example/adfs'}}":                                          "auth: the challenge leads to the tenant \"contoso\", and token_service: issuer has the tenant \"adfs\"\nhint: ",
		"auth: {token_service: {issuer: nowhere}}":                                                                            "auth: token_service: issuer: \"nowhere\" is not an https address",
		"auth: {token_service: {issuer: 'https://v.example/adfs', clients: [{id: a, federated: [{issuer: x, subject: y}]}]}}": "auth: token_service: clients: item 1: federated: issuer \"x\" is none of auth: issuers with federation: true\nhint: ",
	} {
		c, err := parse([]byte(text))
		must.Do(t, err)
		c.Production = true
		said := ""
		for _, err := range append(c.Auth.check(), c.WithDefaults().checkTenant()...) {
			said += err.Error() + "\n"
		}
		if !strings.Contains(said, want) {
			t.Errorf("%s\ngot  %s\nwant %s", text, said, want)
		}
	}
}
