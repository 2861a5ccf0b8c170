package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/admin"
	"certwright/internal/config"
	"certwright/internal/must"

	"github.com/google/go-cmp/cmp"
)

const createPlayed = `{"policy":{"issuer":{"name":"i"},"x509_props":{"subject":"CN=www.example.org"},"key_props":{"kty":"EC","crv":"P-256"}}}`

// castServer runs with these providers; what it logs as a warning can be read.
func castServer(t *testing.T, strict bool, text string) (*Server, chan string) {
	t.Helper()
	c, err := config.Parse([]byte(text), ".")
	must.Do(t, err)
	c.Listen, c.HTTP, c.Data, c.StrictProviders = "127.0.0.1:0", "127.0.0.1:0", filepath.Join(t.TempDir(), "data"), strict
	lines, log := newLines()
	s, err := Start(t.Context(), c, Options{Log: log})
	must.Do(t, err)
	t.Cleanup(func() { stop(t, s) })
	return s, lines
}

// putIssuer puts issuer i with that provider and account.
func putIssuer(t *testing.T, s *Server, provider, account string) reply {
	t.Helper()
	body, err := json.Marshal(map[string]any{"provider": provider, "credentials": map[string]string{"account_id": account}})
	must.Do(t, err)
	return ask(t, client(t, s), "PUT", s.Ready.IPURL+"/certificates/issuers/i?api-version=7.4", string(body), "Authorization", "Bearer x")
}

// history orders a certificate of issuer i and returns what is told of it.
func history(t *testing.T, s *Server, name string) (text string) {
	t.Helper()
	at := s.Ready.IPURL + "/certificates/" + name
	if got := ask(t, client(t, s), "POST", at+"/create?api-version=7.4", createPlayed, "Authorization", "Bearer x"); got.status != 202 {
		t.Fatalf("create: %d %s", got.status, got.body)
	}
	var o admin.Operation
	got := ask(t, http.DefaultClient, "GET", s.Ready.HTTPURL+"/admin/operations/default/"+name, "")
	if err := json.Unmarshal([]byte(got.body), &o); err != nil {
		t.Fatalf("%d %s", got.status, got.body)
	}
	for _, step := range o.History {
		text += step.Text + "\n"
	}
	return text
}

// A provider that nobody configured is played, and the history and the log say
// so, the log once; one that the configuration has played says that.
func TestPlayedIsSaid(t *testing.T) {
	t.Parallel()
	s, lines := castServer(t, false, "providers: {Mine: {kind: scripted}}\n")
	for i, c := range []struct{ provider, want string }{
		{"DigiCert", "Provider DigiCert is played by the scripted issuer, which the configuration does not name: no real authority is asked."},
		{"digicert", "Provider digicert is played by the scripted issuer, which"},
		{"MINE", "Provider MINE is played by the scripted issuer, as the configuration says: no"},
	} {
		if got := putIssuer(t, s, c.provider, "4417"); got.status != 200 {
			t.Fatalf("%s: %d %s", c.provider, got.status, got.body)
		}
		if text := history(t, s, fmt.Sprint("c", i)); !strings.Contains(text, c.want) {
			t.Errorf("%s: %s", c.provider, text)
		}
	}
	if got := putIssuer(t, s, "Internal", ""); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if text := history(t, s, "real"); strings.Contains(text, "played") {
		t.Errorf("the built-in CA is said to be played: %s", text)
	}
	warned := 0
	for len(lines) > 0 {
		if line := <-lines; strings.Contains(line, "level=WARN") && strings.Contains(line, "is played by the scripted issuer") {
			if warned++; !strings.Contains(line, "provider=DigiCert") {
				t.Errorf("it warned of %s", line)
			}
		}
	}
	if warned != 1 {
		t.Errorf("%d warnings, want 1", warned)
	}
}

// With strict_providers nothing is played but what the configuration has played.
func TestStrictProviders(t *testing.T) {
	t.Parallel()
	s, _ := castServer(t, true, "providers: {Mine: {kind: scripted}}\n")
	got := putIssuer(t, s, "DigiCert", "4417")
	if got.status != 400 || !strings.Contains(got.body, "BadParameter") || !strings.Contains(got.body, "has no provider DigiCert; its operator names those that there are") {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := ask(t, client(t, s), "GET", s.Ready.IPURL+"/certificates/issuers/i?api-version=7.4", "", "Authorization", "Bearer x"); got.status != 404 {
		t.Errorf("the refused issuer is there: %d %s", got.status, got.body)
	}
	for _, provider := range []string{"mine", "internal"} {
		if got := putIssuer(t, s, provider, ""); got.status != 200 {
			t.Errorf("%s: %d %s", provider, got.status, got.body)
		}
	}
}

// A script with a typo is refused when the issuer is put or changed, and changes nothing.
func TestTypoInAScript(t *testing.T) {
	t.Parallel()
	s, _ := castServer(t, false, "")
	if got := putIssuer(t, s, "Test", "hold"); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	for script, word := range map[string]string{"outcome=eror": "outcome=eror", "Hold": "Hold", "hold; delya=3s": "delya=3s"} {
		if got := putIssuer(t, s, "Test", script); got.status != 400 || !strings.Contains(got.body, "BadParameter") || !strings.Contains(got.body, `\"`+word+`\" in it is unknown`) {
			t.Errorf("PUT %s: %d %s", script, got.status, got.body)
		}
		got := ask(t, client(t, s), "PATCH", s.Ready.IPURL+"/certificates/issuers/i?api-version=7.4", `{"credentials":{"account_id":"`+script+`"}}`, "Authorization", "Bearer x")
		if got.status != 400 {
			t.Errorf("PATCH %s: %d %s", script, got.status, got.body)
		}
	}
	if got := ask(t, client(t, s), "GET", s.Ready.IPURL+"/certificates/issuers/i?api-version=7.4", "", "Authorization", "Bearer x"); !strings.Contains(got.body, `"account_id":"hold"`) {
		t.Errorf("it was changed: %s", got.body)
	}
	if got := putIssuer(t, s, "Internal", "Hold"); got.status != 200 { // no script there
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestCastLines(t *testing.T) {
	t.Parallel()
	script := config.Provider{Kind: "scripted", Settings: &config.Scripted{}}
	for _, c := range []struct {
		config config.Config
		want   [][2]string
	}{
		{config.Config{}, [][2]string{{"real", "Internal (ca)"}, {"played", "every other provider"}}},
		{config.Config{StrictProviders: true}, [][2]string{{"real", "Internal (ca)"}, {"refused", "every other provider"}}},
		{config.Config{Providers: map[string]config.Provider{"Internal": script}}, [][2]string{{"played", "Internal, every other provider"}}},
		{config.Config{StrictProviders: true, Providers: map[string]config.Provider{"Internal": script, "LE": {Kind: "acme"}}}, [][2]string{{"real", "LE (acme)"}, {"played", "Internal"}, {"refused", "every other provider"}}},
	} {
		if diff := cmp.Diff(c.want, (&storage{config: c.config}).Cast().Lines()); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c.config, diff)
		}
	}
}
