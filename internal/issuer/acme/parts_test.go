package acme

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mholt/acmez/v3/acme"

	"certwright/internal/challenge"
	"certwright/internal/must"
	"certwright/internal/policy"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"
)

func TestIdentify(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cn   string
		sans *vault.SANs
		want string // the identifiers, or the refusal
	}{
		{"www.example.test", nil, "www.example.test"},
		{"WWW.example.test.", &vault.SANs{DNS: []string{"b.test", "www.EXAMPLE.test"}}, "b.test, www.example.test"},
		{"", &vault.SANs{DNS: []string{"*.a.test", "a.test", "a_b.test", "xn--bcher-kva.test"}}, "*.a.test, a.test, a_b.test, xn--bcher-kva.test"},
		{"", &vault.SANs{IPs: []string{"10.0.0.1", "::ffff:10.0.0.1", "2001:DB8::1"}}, "10.0.0.1, 2001:db8::1"},
		{"10.0.0.1", nil, "10.0.0.1"},
		{"", nil, "needs at least one DNS name"},
		{"My Service", nil, "The common name 'My Service'"},
		{"bücher.test", nil, "(xn--...)"},
		{"a.test", &vault.SANs{Emails: []string{"a@a.test"}}, "doesn't support emails"},
		{"a.test", &vault.SANs{UPNs: []string{"a@a.test"}}, "doesn't support emails"},
		{"a.test", &vault.SANs{URIs: []string{"spiffe://a"}}, "doesn't support emails"},
		{"", &vault.SANs{DNS: []string{"a..test"}}, "'a..test'"},
		{"", &vault.SANs{DNS: []string{"a.*.test"}}, "'a.*.test'"},
		{"", &vault.SANs{DNS: []string{strings.Repeat("a", 64) + ".test"}}, "not a DNS name"},
	} {
		ids, err := identify(c.cn, c.sans)
		got := values(ids)
		if err != nil {
			var refusal *vault.Error
			if !errors.As(err, &refusal) {
				t.Errorf("%q %+v: %v is no refusal", c.cn, c.sans, err)
				continue
			}
			got = refusal.Message
		}
		if got != c.want && (err == nil || !strings.Contains(got, c.want)) {
			t.Errorf("%q %+v: %q, want %q", c.cn, c.sans, got, c.want)
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	i := &Issuer{}
	password := vault.Sealed("sealed")
	for want, c := range map[string]*vault.Credentials{
		"none": nil, "": {AccountID: "a@b.test"}, "bound": {AccountID: "kid", Password: password},
		"account_id": {AccountID: "kid"}, "key id must be given": {Password: password},
	} {
		err := i.ValidateIssuer(vault.IssuerConfig{Credentials: c})
		if fine := want == "none" || want == "" || want == "bound"; fine != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	policy := func(sans vault.SANs) vault.Policy {
		p := policy.New(policy.Patch{}, noon)
		p.X509.Subject, p.X509.SANs = "", &sans
		return p
	}
	wild, addr := policy(vault.SANs{DNS: []string{"*.a.test"}}), policy(vault.SANs{IPs: []string{"10.0.0.1"}})
	koblitz := policy(vault.SANs{DNS: []string{"a.test"}})
	koblitz.Key.Type, koblitz.Key.Curve = vault.EC, vault.P256K
	for _, c := range []struct {
		proof  string
		policy vault.Policy
		want   string
	}{
		{challenge.DNS01, wild, ""}, {challenge.HTTP01, wild, "'*.a.test' cannot be proved by http-01"},
		{challenge.HTTP01, addr, ""}, {challenge.DNS01, addr, "'10.0.0.1' cannot be proved by dns-01"},
		{"", wild, ""}, {"", addr, ""}, {"", policy(vault.SANs{}), "at least one"}, {"", koblitz, "P-256K"},
	} {
		i.Settings.Challenge = c.proof
		if err := i.ValidatePolicy(vault.IssuerConfig{}, c.policy); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.proof, err, c.want)
		}
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	good := Settings{Directory: "https://ca.test/directory"}
	if err := errors.Join(good.Check()...); err != nil {
		t.Error(err)
	}
	for want, s := range map[string]Settings{
		"directory: is missing":    {},
		"directory: \"http://ca.":  {Directory: "http://ca.test/dir"},
		"challenge: \"dns\"":       {Directory: good.Directory, Challenge: "dns"},
		"challenge: is http-01":    {Directory: good.Directory, Challenge: challenge.HTTP01, Solver: challenge.Settings{Kind: "rfc2136", Server: "10.0.0.53", Zone: "a.test"}},
		"solver.kind:":             {Directory: good.Directory, Solver: challenge.Settings{Kind: "carrier pigeon"}},
		"ari: \"authoritative\"":   {Directory: good.Directory, ARI: "authoritative"}, // it never was: advice puts nothing off
		"pending_timeout: must no": {Directory: good.Directory, PendingTimeout: -1},
	} {
		if err := errors.Join(s.Check()...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", s, err, want)
		}
		if _, err := New(Issuer{Name: "x", Settings: s, Accounts: sqltest.Accounts(t)}); err == nil {
			t.Errorf("%+v made an issuer", s)
		}
	}
	if _, err := New(Issuer{Name: "x", Settings: Settings{Directory: good.Directory, CABundle: "/nowhere"}, Accounts: sqltest.Accounts(t)}); err == nil || !strings.Contains(err.Error(), "ca_bundle") {
		t.Errorf("a CA bundle that is not there: %v", err)
	}
	i, err := New(Issuer{Name: "x", Settings: good, Accounts: sqltest.Accounts(t)})
	if err != nil || i.PendingLimit() != 168*time.Hour {
		t.Errorf("%v, %v", i.PendingLimit(), err)
	}
}

func TestContacts(t *testing.T) {
	t.Parallel()
	c := resource("x")
	c.Credentials = &vault.Credentials{AccountID: "a@b.test"}
	c.Organization = &vault.Organization{Admins: []vault.Admin{{Email: "not one"}, {Email: "c@b.test"}, {Email: "d@b.test"}}}
	if diff := cmp.Diff([]string{"mailto:a@b.test", "mailto:c@b.test"}, contacts(c, "")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"mailto:c@b.test", "mailto:d@b.test"}, contacts(c, "hmac")); diff != "" {
		t.Error(diff)
	}
}

func TestMACKey(t *testing.T) {
	t.Parallel()
	for in, want := range map[vault.Hidden]string{"ab-_": "ab-_", "ab+/": "ab-_", "YQ==": "YQ", " YQ\n": "YQ", "": "", "=": "", "a b": "", "ü": ""} {
		got, err := macKey(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v, want %q", string(in), got, err, want)
		}
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{
		"rejectedIdentifier": vault.RequestRejected, "caa": vault.RequestRejected, "badCSR": vault.RequestRejected, "dns": vault.RequestRejected,
		"unauthorized": vault.RequestRejected, "malformed": vault.RequestRejected, "somethingNew": vault.RequestRejected,
		"externalAccountRequired": vault.IssuerFault, "userActionRequired": vault.IssuerFault, "badSignatureAlgorithm": vault.IssuerFault,
		"rateLimited": "passes", "serverInternal": "passes", "badNonce": "passes", "orderNotReady": "passes",
	} {
		p := acme.Problem{Type: acme.ProblemTypeNamespace + kind, Status: 400}
		got := blame(p)
		if passes(p) {
			got = "passes"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
	}
	for want, p := range map[string]acme.Problem{
		"no reason given": {}, "dns": {Type: acme.ProblemTypeDNS}, "why (dns)": {Type: acme.ProblemTypeDNS, Detail: "why"},
		"bad; a.test: no (dns)": {Type: acme.ProblemTypeDNS, Detail: "bad", Subproblems: []acme.Subproblem{{Problem: acme.Problem{Detail: "no"}, Identifier: acme.Identifier{Value: "a.test"}}}},
	} {
		if got := words(p); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// No state that a broken row may hold makes an order fall over.
func FuzzState(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(state{Account: "https://a", Order: "https://o", Proofs: []proof{{Name: "a.test"}}, Failure: &vault.Failure{Code: "x"}}.bytes())
	f.Fuzz(func(t *testing.T, saved []byte) {
		s := readState(saved)
		if diff := cmp.Diff(string(s.bytes()), string(readState(s.bytes()).bytes())); diff != "" {
			t.Error(diff)
		}
		readReference(saved)
	})
}

// What an authority sends as a certificate or a window is read without harm.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Add([]byte(`{"suggestedWindow":{"start":"2026-01-02T00:00:00Z","end":"2026-01-03T00:00:00Z"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if chain := decode(body); len(chain) > 0 {
			renewalID(chain[0])
			prefer([][][]byte{chain}, "x")
		}
		if w, err := readWindow(body); err == nil && !w.End.After(w.Start) {
			t.Errorf("%+v", w)
		}
		commonName(body)
	})
}

func FuzzIdentifier(f *testing.F) {
	for _, s := range []string{"a.test", "*.a.test", "10.0.0.1", "::1%eth0", "a..b", "-a.b", "A.B."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		id, ok := identifier(name)
		if !ok {
			return
		}
		if again, ok := identifier(id.Value); !ok || again != id {
			t.Errorf("%q: %+v, and again %+v", name, id, again)
		}
		if id.Type == ipName {
			return
		}
		csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{id.Value}}, newKey(t))
		must.Do(t, err)
		if ids, err := requested(csr); err != nil || len(ids) != 1 || ids[0] != id {
			t.Errorf("%q in a request: %+v, %v", name, ids, err)
		}
	})
}

// An account is limited only where the authority says so, in a word of its own.
func TestOfAccount(t *testing.T) {
	t.Parallel()
	for detail, want := range map[string]bool{
		"too many new orders (300) from this account in the last 3h0m0s": true, "Your account's limit is reached": true, "limit of the account: 5": true,
		`too many certificates (50) already issued for "account.example.com" in the last week`: false, "see https://ca.example/limits/#per-account": false,
		"too many accountants": false, "": false,
	} {
		if got := ofAccount(detail); got != want {
			t.Errorf("%q: %v", detail, got)
		}
	}
}

// However many limits an authority sets, few are remembered.
func TestLimitsAreBounded(t *testing.T) {
	t.Parallel()
	var l limits
	for n := range 3 * maxLimits {
		l.remember([]string{strconv.Itoa(n)}, limit{until: noon.Add(time.Hour)}, noon)
	}
	if n := len(l.known); n > maxLimits {
		t.Errorf("%d are remembered", n)
	}
	if _, held := l.on([]string{strconv.Itoa(3*maxLimits - 1)}, noon); !held {
		t.Error("the newest is forgotten")
	}
	if _, held := l.on([]string{strconv.Itoa(3*maxLimits - 1)}, noon.Add(time.Hour)); held {
		t.Error("a limit that is over holds up")
	}
}

// The row that servers share holds few limits, those that last longest, and none
// that is over.
func TestSharedLimitsAreBounded(t *testing.T) {
	t.Parallel()
	book := sqltest.Accounts(t)
	one, two := &sharedLimits{rows: book, id: "acme/x/limits"}, &sharedLimits{rows: book, id: "acme/x/limits"}
	var many []string
	for n := range maxShared {
		many = append(many, strconv.Itoa(n))
	}
	must.Do(t, one.remember(t.Context(), many, limit{until: noon.Add(time.Hour)}, noon))
	must.Do(t, two.remember(t.Context(), []string{"longer"}, limit{until: noon.Add(2 * time.Hour), about: "orders", said: strings.Repeat("no ", 1000)}, noon))
	all, _, err := one.kept.Read(t.Context(), book, one.id, parseLimits)
	must.Do(t, err)
	if len(all) != maxShared {
		t.Errorf("%d are stored", len(all))
	}
	if l, held := one.on(t.Context(), []string{"other", "longer"}, noon); !held || !l.until.Equal(noon.Add(2*time.Hour)) || l.about != "orders" || len(l.said) > maxWords+len("...") {
		t.Errorf("what another server heard: %v, %+v", held, l)
	}
	must.Do(t, one.remember(t.Context(), []string{"later"}, limit{until: noon.Add(4 * time.Hour)}, noon.Add(3*time.Hour)))
	if all, _, err = two.kept.Read(t.Context(), book, two.id, parseLimits); err != nil || len(all) != 1 {
		t.Errorf("%d are stored once the others are over, %v", len(all), err)
	}
}

// A request that is refused for its key says so where the policy uses keys again.
func TestReusedKeyIsSaid(t *testing.T) {
	t.Parallel()
	refused := acme.Problem{Type: acme.ProblemTypeBadCSR, Detail: "the public key was seen before"}
	for _, c := range []struct {
		reuse    bool
		previous []byte
		problem  acme.Problem
		want     bool
	}{{true, []byte("{}"), refused, true}, {true, nil, refused, false}, {false, []byte("{}"), refused, false},
		{true, []byte("{}"), acme.Problem{Type: acme.ProblemTypeCAA}, false}} {
		w := &step{order: vault.Order{Previous: c.previous}}
		w.order.Policy.Key.Reuse = c.reuse
		if got := strings.Contains(w.reused(c.problem), "key_props.reuse_key"); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// A limit ends for all servers at once, however wrong the clock of one of them is.
func TestLimitsOfServersWhoseClocksDiffer(t *testing.T) {
	t.Parallel()
	noon, rows := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC), sqltest.Accounts(t)
	at := func(ahead time.Duration) *sharedLimits {
		return &sharedLimits{rows: sqltest.Dated{Accounts: rows, By: -ahead}, id: "acme/x/limits"}
	}
	const wrong = 3 * time.Hour
	right, ahead := at(0), at(wrong)
	must.Do(t, right.remember(t.Context(), []string{"of the right one"}, limit{until: noon.Add(time.Hour)}, noon))
	must.Do(t, ahead.remember(t.Context(), []string{"of the wrong one"}, limit{until: noon.Add(wrong + time.Hour)}, noon.Add(wrong)))
	for _, what := range []string{"of the right one", "of the wrong one"} {
		for own, l := range map[time.Duration]*sharedLimits{0: right, wrong: ahead} {
			now := noon.Add(own + time.Minute)
			if found, held := l.on(t.Context(), []string{what}, now); !held || found.until.Sub(now) != 59*time.Minute {
				t.Errorf("%s, at a clock that is %v ahead: %v, for %v", what, own, held, found.until.Sub(now))
			}
			if _, held := l.on(t.Context(), []string{what}, noon.Add(own+time.Hour)); held {
				t.Errorf("%s, at a clock that is %v ahead: it does not end", what, own)
			}
		}
	}
}
