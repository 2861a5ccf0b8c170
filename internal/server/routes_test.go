package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"certwright/internal/access"
	"certwright/internal/admin"
	"certwright/internal/api"
	"certwright/internal/arm"
	"certwright/internal/must"
	"certwright/internal/tokens"
	"certwright/internal/vault"
)

// tokenRoutes are the paths of the token service, and of those that a development
// server plays.
var tokenRoutes = []string{
	"GET /msi/token", "POST /msi/token", "GET /metadata/identity/oauth2/token", "GET /common/discovery/instance", "GET /.well-known/webfinger",
	"GET /adfs/.well-known/openid-configuration", "GET /adfs/v2.0/.well-known/openid-configuration", "POST /adfs/oauth2/token", "POST /adfs/oauth2/v2.0/token",
	"GET /adfs/discovery/keys", "GET /adfs/discovery/v2.0/keys", "GET /adfs/oauth2/authorize", "GET /adfs/oauth2/v2.0/authorize",
}

// Every route of both listeners, and what it answers without a token in each
// mode, and, of a production server, to somebody who may do everything: nothing
// of a development server is there. What changes on purpose is put into
// testdata/routes.txt with UPDATE=1.
func TestRoutes(t *testing.T) {
	t.Parallel()
	dev, serve := run(t), serveIn(t, production(t), Options{})
	routes := slices.Concat(api.Routes(), arm.Routes(), tokenRoutes, dev.side.Routes())
	slices.Sort(routes)
	routes = slices.DeleteFunc(slices.Compact(routes), func(route string) bool { return strings.HasSuffix(route, "/admin/events") }) // a stream has no end
	got := []byte(fmt.Sprintf("%-112s %-29s %-18s %s\n", "route", "dev, no token", "serve, no token", "serve, everything permitted"))
	for _, listener := range []string{"https", "http"} {
		answers := [][]string{answersOf(t, dev, listener, routes), answersOf(t, serve, listener, routes), nil}
		trusting(t, serve)
		answers[2] = answersOf(t, serve, listener, routes)
		for i, route := range routes {
			if listener == "https" && !strings.HasPrefix(answers[1][i], "401 ") {
				t.Errorf("https %s is answered without a token: %s", route, answers[1][i])
			}
			if none := "404 NotFound"; answers[0][i] == none && answers[1][i] == none && answers[2][i] == none {
				continue // of the other listener
			}
			got = fmt.Appendf(got, "%-112s %-29s %-18s %s\n", listener+" "+route, answers[0][i], answers[1][i], answers[2][i])
		}
		closed, err := serve.openLive(t.Context(), serve.config)
		must.Do(t, err)
		serve.enter(closed)
	}
	const golden = "testdata/routes.txt"
	if os.Getenv("UPDATE") != "" {
		must.Do(t, os.WriteFile(golden, got, 0o644))
	}
	if want := readText(t, golden); string(got) != want {
		t.Errorf("the routes changed:\n%s", diffOf(want, string(got)))
	}
	for _, gone := range []string{"GET /admin/clock", "POST /admin/clock", "POST /admin/reset"} {
		if slices.Contains((&admin.Handler{Production: true}).Routes(), gone) {
			t.Errorf("%s is there in production", gone)
		}
	}
}

// With a token service, its own paths are answered without a token, and no other.
func TestRoutesWithATokenService(t *testing.T) {
	t.Parallel()
	c := production(t)
	c.Hosts = []string{"127.0.0.1"}
	c.Auth.TokenService = &tokens.Settings{Issuer: "https://127.0.0.1/adfs"}
	s := serveIn(t, c, Options{})
	var answered []string
	routes := slices.Concat(api.Routes(), arm.Routes(), tokenRoutes, s.side.Routes())
	slices.Sort(routes)
	for i, answer := range answersOf(t, s, "https", slices.Compact(routes)) {
		if answer != "401 Unauthorized" {
			answered = append(answered, routes[i]+" "+answer)
		}
	}
	want := []string{
		"GET /.well-known/webfinger 400 invalid_request",
		"GET /adfs/.well-known/openid-configuration 200",
		"GET /adfs/discovery/keys 200",
		"GET /adfs/discovery/v2.0/keys 200",
		"GET /adfs/oauth2/authorize 400 unsupported_response_type",
		"GET /adfs/oauth2/v2.0/authorize 400 unsupported_response_type",
		"GET /adfs/v2.0/.well-known/openid-configuration 200",
		"GET /common/discovery/instance 200",
		"POST /adfs/oauth2/token 400 invalid_request",
		"POST /adfs/oauth2/v2.0/token 400 invalid_request",
	}
	if !slices.Equal(answered, want) {
		t.Errorf("without a token these are answered:\n%s\nwant\n%s", strings.Join(answered, "\n"), strings.Join(want, "\n"))
	}
}

// trusting has the server take anybody for somebody who may do everything.
func trusting(t *testing.T, s *Server) {
	l := *s.now()
	l.signIn.authenticate = func(*http.Request) (vault.Caller, error) { return vault.Caller{Subject: "x"}, nil }
	l.may, l.permit = access.Everything{}, func(*http.Request, vault.Action, vault.Ref) error { return nil }
	s.enter(&l)
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// answersOf asks each route and returns status and code of the answers.
func answersOf(t *testing.T, s *Server, listener string, routes []string) (all []string) {
	t.Helper()
	c, base := anyway(t), map[string]string{"https": s.Ready.IPURL, "http": s.Ready.HTTPURL}[listener]
	for _, route := range routes {
		method, path, _ := strings.Cut(route, " ")
		answer := ask(t, c, method, base+placeholder.ReplaceAllString(path, "x")+"?api-version=7.4", "")
		var body struct {
			Error json.RawMessage
			Code  string
		}
		var inner struct{ Code string }
		_ = json.Unmarshal([]byte(answer.body), &body) // what is no JSON has no code
		_ = json.Unmarshal(body.Error, &inner)
		code := inner.Code
		if code == "" {
			_ = json.Unmarshal(body.Error, &code) // a token service says it so
		}
		all = append(all, strings.TrimSpace(fmt.Sprintf("%d %s", answer.status, code)))
	}
	return all
}

// diffOf shows the lines that differ.
func diffOf(want, got string) string {
	var out strings.Builder
	old := strings.Split(want, "\n")
	for _, line := range strings.Split(got, "\n") {
		if !slices.Contains(old, line) {
			out.WriteString("+ " + line + "\n")
		}
	}
	for _, line := range old {
		if !slices.Contains(strings.Split(got, "\n"), line) {
			out.WriteString("- " + line + "\n")
		}
	}
	return out.String()
}
