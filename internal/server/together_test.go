package server

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"certwright/internal/certs"
	"certwright/internal/challenge"
	"certwright/internal/config"
	"certwright/internal/issuer/ca"
	"certwright/internal/issuer/digicert"
	"certwright/internal/keys"
	"certwright/internal/must"
	"certwright/internal/policy"
	"certwright/internal/seal"
	"certwright/internal/store/sqlstore"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/tokens"
	"certwright/internal/vault"
)

// A pair is two servers on one PostgreSQL.
type pair struct {
	t        *testing.T
	one, two *Server
	mode     string
}

// eachCache runs a test over two servers in each mode.
func eachCache(t *testing.T, change func(*config.Config), test func(p pair)) {
	t.Helper()
	t.Parallel()
	server := sqltest.Postgres(t)[0]
	for _, mode := range []string{config.CacheStrict, config.CacheSecond} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			test(together(t, server, mode, change))
		})
	}
}

func together(t *testing.T, server, mode string, change func(*config.Config)) pair {
	t.Helper()
	c := administered(t)
	c.Store, c.Cache = sqltest.NewSchema(t, server).URL, mode
	key := filepath.Join(t.TempDir(), "kek.json")
	must.Do(t, seal.MakeFile(key))
	c.Keyset = seal.Settings{KEKs: []seal.KEKSettings{fileKEK(key)}}
	if change != nil {
		change(&c)
	}
	p := pair{t: t, mode: mode, one: serveIn(t, c, Options{})}
	c.Data = t.TempDir()
	p.two = serveIn(t, c, Options{})
	return p
}

// ask calls one of them as ann.
func (p pair) ask(s *Server, method, path, body string) reply {
	p.t.Helper()
	return ask(p.t, anyway(p.t), method, s.Ready.IPURL+path+"?api-version=7.4", body, "Authorization", "Bearer "+corp.Token("ann", nil))
}

// obeys waits until two obeys what one did just now: at once where the mode is
// strict, and within a second otherwise.
func (p pair) obeys(what string, obeyed func() bool) {
	p.t.Helper()
	for done := time.Now(); ; {
		asked := time.Now()
		if obeyed() {
			return
		}
		if late := asked.Sub(done); p.mode == config.CacheStrict || late > time.Second {
			p.t.Errorf("%s: it is not obeyed by who was asked %v later", what, late)
			return
		}
	}
}

// What one server changed of a secret the other one obeys, however often it showed
// it before.
func TestChangedSecretsAreObeyed(t *testing.T) {
	eachCache(t, nil, func(p pair) {
		id := "/secrets/shared"
		put := func(s *Server, value string) {
			if got := p.ask(s, "PUT", id, fmt.Sprintf(`{"value":%q}`, value)); got.status != 200 {
				p.t.Fatalf("%d %s", got.status, got.body)
			}
		}
		shows := func(s *Server, value string) func() bool {
			return func() bool {
				got := p.ask(s, "GET", id, "")
				return got.status == 200 && strings.Contains(got.body, fmt.Sprintf(`"value":%q`, value))
			}
		}
		hot := func(value string) {
			p.t.Helper()
			for range 3 {
				if !shows(p.one, value)() || !shows(p.two, value)() {
					p.t.Errorf("%s is not shown", value)
				}
			}
		}
		put(p.one, "first")
		p.obeys("a first value", shows(p.two, "first"))
		hot("first")
		put(p.one, "second")
		if !shows(p.one, "second")() {
			p.t.Error("a server does not see what it wrote itself")
		}
		p.obeys("another value", shows(p.two, "second"))
		hot("second")
		put(p.two, "third")
		if !shows(p.two, "third")() {
			p.t.Error("a server does not see what it wrote itself")
		}
		p.obeys("one of the other server", shows(p.one, "third"))
		hot("third")
		if got := p.ask(p.one, "PATCH", id, `{"attributes":{"enabled":false}}`); got.status != 200 {
			p.t.Fatalf("%d %s", got.status, got.body)
		}
		refused := func(s *Server, status int) func() bool {
			return func() bool { return p.ask(s, "GET", id, "").status == status }
		}
		if !refused(p.one, http.StatusForbidden)() {
			p.t.Error("a server shows a secret that it disabled itself")
		}
		p.obeys("a disabled secret", refused(p.two, http.StatusForbidden))
		if got := p.ask(p.two, "DELETE", id, ""); got.status != 200 {
			p.t.Fatalf("%d %s", got.status, got.body)
		}
		p.obeys("a deleted secret", refused(p.one, http.StatusNotFound))
	})
}

// A key that signs with at one server signs no more at the other once it is disabled.
func TestDisabledKeysAreObeyed(t *testing.T) {
	eachCache(t, nil, func(p pair) {
		got := p.ask(p.one, "POST", "/keys/signer/create", `{"kty":"EC","crv":"P-256"}`)
		if got.status != 200 {
			p.t.Fatalf("%d %s", got.status, got.body)
		}
		signs := func(s *Server) int {
			return p.ask(s, "POST", "/keys/signer/sign", `{"alg":"ES256","value":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`).status
		}
		p.obeys("a new key", func() bool { return signs(p.two) == 200 })
		if signs(p.one) != 200 || signs(p.two) != 200 {
			p.t.Error("it does not sign")
		}
		if got := p.ask(p.one, "PATCH", "/keys/signer", `{"attributes":{"enabled":false}}`); got.status != 200 {
			p.t.Fatalf("%d %s", got.status, got.body)
		}
		p.obeys("a disabled key", func() bool { return signs(p.two) == http.StatusForbidden })
	})
}

// A token whose key was withdrawn at one server is good at no other.
func TestWithdrawnTokensAreObeyed(t *testing.T) {
	secret, hash := tokens.NewSecret()
	with := func(withdraw string) func(*config.Config) {
		return func(c *config.Config) {
			c.Hosts = []string{"127.0.0.1"}
			c.Auth.TokenService = &tokens.Settings{Issuer: "https://vault.example.org/adfs", Keys: tokens.KeySettings{Withdraw: withdraw},
				Clients: []tokens.ClientSettings{{ID: "web-id", Secrets: []tokens.SecretSettings{{Hash: hash}}}}}
		}
	}
	eachCache(t, with(""), func(p pair) {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"web-id"}, "client_secret": {secret}, "scope": {"https://vault.azure.net/.default"}}.Encode()
		given := func() string {
			got := ask(p.t, anyway(p.t), "POST", p.one.Ready.IPURL+"/adfs/oauth2/token", form, "Content-Type", "application/x-www-form-urlencoded")
			_, token, _ := strings.Cut(got.body, `"access_token":"`)
			token, _, _ = strings.Cut(token, `"`)
			return token
		}
		status := func(s *Server, token string) int {
			return ask(p.t, anyway(p.t), "GET", s.Ready.IPURL+"/secrets?api-version=7.4", "", "Authorization", "Bearer "+token).status
		}
		token := given()
		for _, s := range []*Server{p.one, p.two, p.two} {
			if got := status(s, token); got == http.StatusUnauthorized {
				p.t.Errorf("a good token: %d", got)
			}
		}
		c := p.one.config
		with(time.Now().UTC().Format(time.RFC3339Nano))(&c)
		_, err := p.one.Reload(p.t.Context(), c)
		must.Do(p.t, err)
		if got := status(p.one, token); got != http.StatusUnauthorized {
			p.t.Errorf("it withdrew the token's key itself: %d", got)
		}
		p.obeys("a withdrawn token", func() bool { return status(p.two, token) == http.StatusUnauthorized })
		fresh := given()
		p.obeys("a token of the new key", func() bool { return status(p.two, fresh) != http.StatusUnauthorized })
	})
}

// A certificate that one server revoked signs nobody in at the other, and what it
// publishes of it is not older than a second.
func TestRevokedCertificatesAreObeyed(t *testing.T) {
	eachCache(t, nil, func(p pair) {
		one, two := p.one.issuers.named["internal"].(*ca.Issuer), p.two.issuers.named["internal"].(*ca.Issuer)
		leaf, order := issuedBy(p.t, one)
		list := func(i *ca.Issuer) []byte {
			_, body, err := i.File(p.t.Context(), "internal-1.crl")
			must.Do(p.t, err)
			return body
		}
		before := list(two)
		if p.two.clientRevoked(p.t.Context(), leaf) || p.two.clientRevoked(p.t.Context(), leaf) {
			p.t.Error("it is taken for revoked")
		}
		must.Do(p.t, one.Revoke(p.t.Context(), vault.Revocation{Chain: order.Chain, Ref: order.Ref, Now: time.Now()}))
		p.obeys("a revoked certificate", func() bool { return p.two.clientRevoked(p.t.Context(), leaf) })
		p.mode = config.CacheSecond
		p.obeys("the list of revoked ones", func() bool { return string(list(two)) != string(before) })
		if string(list(one)) != string(list(two)) {
			p.t.Error("the servers hand out different lists")
		}
	})
}

// A proof that one server published any server shows, and none that took it back.
func TestProofsAreObeyed(t *testing.T) {
	eachCache(t, nil, func(p pair) {
		solver, err := challenge.New(challenge.Settings{Kind: "http"}, challenge.Means{Responses: p.one.issuers.board})
		must.Do(p.t, err)
		proof := challenge.Record{Type: challenge.HTTP01, Domain: "x.example.org", Name: "token-1234567890", Value: "token-1234567890.thumb"}
		must.Do(p.t, solver.Present(p.t.Context(), proof))
		shown := func() int {
			return ask(p.t, anyway(p.t), "GET", p.two.Ready.HTTPURL+challenge.ChallengePath+proof.Name, "").status
		}
		if got := shown(); got != 200 {
			p.t.Errorf("a proof that was published: %d", got)
		}
		must.Do(p.t, solver.Cleanup(p.t.Context(), proof))
		p.obeys("a proof that was taken back", func() bool { return shown() == http.StatusNotFound })
	})
}

// issuedBy has an authority sign a certificate.
func issuedBy(t *testing.T, i *ca.Issuer) (*x509.Certificate, vault.Progress) {
	t.Helper()
	progress, err := i.Step(t.Context(), orderAt(t, "Internal"))
	must.Do(t, err)
	if len(progress.Chain) == 0 {
		t.Fatalf("it was not issued: %+v", progress)
	}
	leaf, err := x509.ParseCertificate(progress.Chain[0])
	must.Do(t, err)
	return leaf, progress
}

// orderAt is an order as a service makes it.
func orderAt(t *testing.T, provider string) vault.Order {
	t.Helper()
	p := policy.New(policy.Patch{}, time.Now())
	p.Key = vault.KeyProps{Type: vault.EC, Curve: vault.P256, Size: 256}
	p.X509.Subject, p.X509.SANs, p.X509.Usage = "CN=client.example.org", &vault.SANs{}, policy.DefaultUsage(vault.EC)
	key, err := keys.New(p.Key)
	must.Do(t, err)
	csr, err := certs.Request(key, p.X509)
	must.Do(t, err)
	return vault.Order{ID: vault.NewID(), Ref: vault.Ref{Vault: "web", Kind: vault.Certificates, Name: "client"}, CSR: csr,
		Policy: p, Issuer: vault.IssuerConfig{Vault: "web", Name: "own", Provider: provider, Enabled: true}, Created: time.Now(), Now: time.Now()}
}

// What an authority tells one server of when to come back the other one heeds.
func TestARetryAfterStopsBothServers(t *testing.T) {
	var calls atomic.Int64
	office := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	t.Cleanup(office.Close)
	with := func(c *config.Config) {
		c.Providers = map[string]config.Provider{"DigiCert": {Kind: "digicert", Settings: &digicert.Settings{BaseURL: office.URL}}}
	}
	eachCache(t, with, func(p pair) {
		held := func(s *Server) error {
			order := orderAt(p.t, "DigiCert")
			order.Password = vault.Hidden("the key of " + p.mode)
			order.Issuer.Organization = &vault.Organization{ID: "1"}
			for range 5 {
				progress, err := s.issuers.issuer("DigiCert").Step(p.t.Context(), order)
				if err == nil && progress.Failure != nil {
					err = errors.New(progress.Failure.Message)
				}
				if err != nil {
					return err
				}
				order.State = progress.State
			}
			return nil
		}
		var later *vault.RetryError
		if err := held(p.one); !errors.As(err, &later) || errors.Is(err, vault.ErrPaced) || later.After != time.Hour {
			p.t.Fatalf("who asks first: %v", err)
		}
		p.obeys("a Retry-After", func() bool {
			err := held(p.two)
			return errors.Is(err, vault.ErrPaced) && errors.As(err, &later) && later.After > 59*time.Minute
		})
	})
	t.Cleanup(func() {
		if n := calls.Load(); n > 3 { // once in each mode, and perhaps within the second of 1s
			t.Errorf("the authority was asked %d times", n)
		}
	})
}

// What is to be done once in a while one of the servers does, whichever it is.
func TestServersTakeTurns(t *testing.T) {
	t.Parallel()
	p := together(t, sqltest.Postgres(t)[0], config.CacheStrict, nil)
	ctx, rows := t.Context(), p.one.accounts
	begun := func() { // what both do when they start
		for _, s := range []*Server{p.one, p.two} {
			for ctx.Err() == nil {
				s.notices.mu.Lock()
				swept := !s.notices.swept.IsZero()
				s.notices.mu.Unlock()
				if _, _, err := rows.Read(ctx, "turns/notices"); swept || err == nil {
					break
				}
			}
		}
	}
	begun()
	_, rev, err := rows.Read(ctx, "turns/notices")
	must.Do(t, err)
	must.Do(t, rows.Write(ctx, "turns/notices", []byte(time.Now().Add(-sweepGap).UTC().Format(time.RFC3339Nano)), rev))
	sweeps := 0
	for _, s := range []*Server{p.one, p.two, p.one, p.two} {
		s.notices.mu.Lock()
		s.notices.swept = time.Time{}
		s.notices.mu.Unlock()
		if s.notices.dayPassed(ctx) {
			sweeps++
		}
	}
	if sweeps != 1 {
		t.Errorf("what waits for receivers was looked through %d times", sweeps)
	}

	var counted sqlstore.Pass
	for counted.Ended.IsZero() && ctx.Err() == nil {
		if counted, err = p.one.store.LastPass(ctx); err != nil && !errors.Is(err, vault.ErrNotFound) {
			t.Fatal(err)
		}
	}
	old := counted
	old.Ended = old.Ended.Add(-2 * keysCount)
	for _, s := range []*Server{p.one, p.two} {
		s.keeper.last.Store(&old) // it knows of none since
		must.Do(t, s.keeper.recount(ctx))
	}
	if last, err := p.two.store.LastPass(ctx); err != nil || !last.Ended.Equal(counted.Ended) {
		t.Errorf("values were counted at %v and at %v, %v", counted.Ended, last.Ended, err)
	}

	const count = "certwright_count_duration_seconds"
	shown := func(s *Server) (line string) {
		for line == "" && ctx.Err() == nil { // the first scrape may come before the first count
			line = lineOf(s.metricsText(t), count)
		}
		return line
	}
	one := shown(p.one)
	_, rev, err = rows.Read(ctx, "metrics/count")
	must.Do(t, err)
	two := shown(p.two)
	if _, now, err := rows.Read(ctx, "metrics/count"); err != nil || now != rev {
		t.Errorf("both servers counted for metrics, %v", err)
	}
	if one != two {
		t.Errorf("one shows the count %q and the other %q", one, two)
	}
}

// lineOf is the line of metrics that begins so.
func lineOf(text, begins string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, begins+" ") {
			return line
		}
	}
	return ""
}
