package config

import (
	"os"
	"strings"
	"testing"

	"certwright/internal/auth"
	"certwright/internal/must"
)

// The configuration in docs/signin.md is one that this program reads, and no
// setting of sign-in is missing there.
func TestDocumentedSignIn(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/signin.md")
	must.Do(t, err)
	_, block, _ := strings.Cut(string(text), "```yaml\n")
	block, _, _ = strings.Cut(block, "```")
	c, err := parse([]byte(block))
	must.Do(t, err)
	if wrong := c.Auth.check(); len(wrong) > 0 || len(c.Auth.Issuers) != 5 {
		t.Errorf("%d issuers, %v", len(c.Auth.Issuers), wrong)
	}
	for _, key := range append(append(keysIn((&auth.Settings{}).Fields()), "token_service"), keysIn((&auth.MutualSettings{}).Fields())...) {
		if !strings.Contains(string(text), "`"+key+"`") && !strings.Contains(string(text), key+":") {
			t.Errorf("%s is not documented", key)
		}
	}
}
