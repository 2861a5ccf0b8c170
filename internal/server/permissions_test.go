package server

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"certwright/internal/access"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// TestPermissionsReplacedUnderLoad replaces the permissions while callers ask: who
// may under both the old and the new ones is never refused, who may under neither
// is never let in, and what changes is in force as soon as it is put there.
func TestPermissionsReplacedUnderLoad(t *testing.T) {
	t.Parallel()
	give := func(subjects ...string) *live {
		var s access.Settings
		for _, name := range subjects {
			s.Assignments = append(s.Assignments, access.Assignment{Role: "Key Vault Reader", To: access.Principal{Issuer: "corp", Subject: name}, On: "/"})
		}
		table, err := access.New(s, []access.Vault{{Name: "web"}}, access.Surroundings{})
		must.Do(t, err)
		return &live{may: table, end: func() {}}
	}
	s := &entry{ctx: t.Context()}
	s.enter(give("always", "even"))
	may := func(subject string) bool {
		return liveAccess{s}.Authorize(t.Context(), vault.Caller{Issuer: "corp", Subject: subject}, "keys/get", vault.Ref{Vault: "web", Kind: vault.Keys, Name: "k"}) == nil
	}
	var asked, wrong atomic.Int64
	var done atomic.Bool
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for !done.Load() {
				if !may("always") || may("never") {
					wrong.Add(1)
				}
				asked.Add(1)
			}
		})
	}
	for i := 0; i < 1000 || asked.Load() < 1000; i++ {
		if i%2 == 0 {
			s.enter(give("always", "even"))
		} else {
			s.enter(give("odd", "always"))
		}
		if may("even") != (i%2 == 0) || may("odd") != (i%2 == 1) {
			t.Errorf("round %d: what was put in force is not", i)
		}
	}
	done.Store(true)
	callers.Wait()
	if wrong.Load() > 0 {
		t.Errorf("%d of %d decisions fell into a gap", wrong.Load(), asked.Load())
	}
}

// as asks a production server with a token; "" is none. The name of a vault in
// the address is found at its listener.
func as(t *testing.T, s *Server, token, method, url string) reply {
	t.Helper()
	var header []string
	if token != "" {
		header = []string{"Authorization", "Bearer " + token}
	}
	if rest, ok := strings.CutPrefix(url, "https://"); ok {
		host, path, _ := strings.Cut(rest, "/")
		if strings.HasSuffix(host, ".vault.localhost") {
			url, header = s.Ready.IPURL+"/"+path, append(header, "Host", host)
		}
	}
	return ask(t, anyway(t), method, url, "", header...)
}

// TestPermissionsOfAServer asks a production server at both listeners.
func TestPermissionsOfAServer(t *testing.T) {
	t.Parallel()
	c := production(t)
	to := func(group string) access.Principal { return access.Principal{Issuer: "corp", Group: group} }
	c.Access.Assignments = []access.Assignment{
		{Role: "Key Vault Reader", To: to("readers"), On: "/vaults/web"},
		{Role: "Certwright Operator", To: to("operators"), On: "/"},
		{Role: "Certwright Operator", To: to("web-operators"), On: "/vaults/web"},
		{Role: "Certwright Auditor", To: to("auditors"), On: "/"},
	}
	c.Access.Metrics = []string{"192.0.2.1"}
	c.Vaults[1].Network = access.Network{Default: "deny", Allow: []string{"192.0.2.0/24"}}
	c.Vaults[1].Access.Assignments = []access.Assignment{{Role: "Key Vault Administrator", To: to("readers")}}
	s := serveIn(t, c, Options{})
	url := func(vault string) string { return "https://" + vault + ".vault.localhost" }
	of := func(groups ...string) string { return corp.Token("ann", map[string]any{"groups": groups}) }
	for _, ask := range []struct {
		method, url, token string
		status             int
		says               string
	}{
		{"GET", url("web") + "/certificates?api-version=7.4", of("readers"), 200, `"value":[]`},
		{"GET", url("web") + "/certificates?api-version=7.4", of("others"), 403, `"innererror":{"code":"ForbiddenByRbac"}`},
		{"GET", url("web") + "/certificates?api-version=7.4", "", 401, "AKV10000"},
		{"DELETE", url("web") + "/certificates/x?api-version=7.4", of("readers"), 403, "Microsoft.KeyVault/vaults/certificates/delete"},
		{"GET", url("shop") + "/certificates?api-version=7.4", of("readers"), 403, `Client address: 127.0.0.1\r\n`},
		{"GET", url("none") + "/certificates?api-version=7.4", "", 401, "AKV10000"},
		{"GET", url("none") + "/certificates?api-version=7.4", of("others"), 404, "VaultNotFound"},
		{"GET", s.Ready.HTTPURL + "/admin/operations", of("operators"), 200, `"operations"`},
		{"GET", s.Ready.HTTPURL + "/admin/operations", of("auditors"), 200, `"operations"`},
		{"GET", s.Ready.HTTPURL + "/admin/operations", of("web-operators"), 403, "Certwright/operations/read"},
		{"GET", s.Ready.HTTPURL + "/admin/operations/web/x", of("web-operators"), 404, "NotFound"},
		{"GET", s.Ready.HTTPURL + "/admin/operations/shop/x", of("web-operators"), 403, "vaults/shop/certificates/x"},
		{"POST", s.Ready.HTTPURL + "/admin/retry", of("auditors"), 403, "Certwright/operations/write"},
		{"POST", s.Ready.HTTPURL + "/admin/retry", of("readers"), 403, "Certwright/operations/write"},
		{"GET", s.Ready.HTTPURL + "/admin/operations", "", 401, "AKV10000"},
		{"GET", s.Ready.HTTPURL + "/metrics", "", 401, "AKV10000"},
		{"GET", s.Ready.HTTPURL + "/metrics", of("auditors"), 200, "certwright_"},
		{"GET", s.Ready.HTTPURL + "/metrics", of("readers"), 403, "Certwright/metrics/read"},
		{"GET", s.Ready.HTTPURL + "/healthz", "", 200, ""},
	} {
		if got := as(t, s, ask.token, ask.method, ask.url); got.status != ask.status || !strings.Contains(got.body, ask.says) {
			t.Errorf("%s %s: %d %s, want %d %s", ask.method, ask.url, got.status, got.body, ask.status, ask.says)
		}
	}
}

// Metrics are read from this machine without a token, unless the configuration
// says from where.
func TestMetricsOfAServer(t *testing.T) {
	t.Parallel()
	s := serveIn(t, production(t), Options{})
	if got := as(t, s, "", "GET", s.Ready.HTTPURL+"/metrics"); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := as(t, s, "", "GET", s.Ready.HTTPURL+"/admin/operations"); got.status != 401 || got.header.Get("WWW-Authenticate") == "" {
		t.Errorf("%d %v", got.status, got.header)
	}
}

// TestRecoveryOfAServer: a configuration that lets nobody in is opened for a
// quarter of an hour by the token of a start; each use is told, and the file goes.
func TestRecoveryOfAServer(t *testing.T) {
	t.Parallel()
	c := production(t)
	c.Vaults[0].Network.Default = "deny" // nobody at all
	var log strings.Builder
	o := Options{RecoveryTokenFile: filepath.Join(t.TempDir(), "token"), Log: slog.New(slog.NewTextHandler(&log, nil))}
	s, err := Start(t.Context(), c, o)
	must.Do(t, err)
	text, err := os.ReadFile(o.RecoveryTokenFile)
	must.Do(t, err)
	token := strings.TrimSpace(string(text))
	url := s.Ready.IPURL + "/certificates?api-version=7.4"
	if got := as(t, s, corp.Token("ann", nil), "GET", url); got.status != 403 {
		t.Errorf("anybody: %d %s", got.status, got.body)
	}
	for _, url := range []string{url, s.Ready.HTTPURL + "/admin/operations"} {
		if got := as(t, s, token, "GET", url); got.status != 200 {
			t.Errorf("%s: %d %s", url, got.status, got.body)
		}
	}
	_, err = s.Reload(t.Context(), c)
	must.Do(t, err)
	if got := as(t, s, token, "GET", url); got.status != 200 {
		t.Errorf("after a reload: %d %s", got.status, got.body)
	}
	stop(t, s)
	if _, err := os.Stat(o.RecoveryTokenFile); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
	if said := log.String(); strings.Count(said, "the recovery token is used") != 3 || !strings.Contains(said, "whoever reads this file may do everything") || strings.Contains(said, token) {
		t.Errorf("the log says:\n%s", said)
	}
	again := serveIn(t, c, Options{})
	if got := as(t, again, token, "GET", again.Ready.IPURL+"/certificates?api-version=7.4"); got.status != 401 {
		t.Errorf("at another start: %d %s", got.status, got.body)
	}
}
