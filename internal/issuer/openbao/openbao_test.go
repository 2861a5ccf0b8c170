package openbao

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"certwright/internal/issuer/issuertest"
	"certwright/internal/must"
	"certwright/internal/vault"
)

func TestContract(t *testing.T) {
	atPlaces(t, func(t *testing.T, p *place) {
		with := func(role string) func(*testing.T) (vault.Issuer, vault.IssuerConfig) {
			return func(t *testing.T) (vault.Issuer, vault.IssuerConfig) {
				return p.issuer(t), p.withAppRole(role)
			}
		}
		issuertest.Run(t, issuertest.Case{
			New:      with(""),
			Again:    func(t *testing.T, _ vault.Issuer) vault.Issuer { return p.issuer(t) },
			Password: vault.Hidden(p.secretID),
			Reject:   with("elsewhere"),
			Fault:    with("missing"),
			Hold:     with(""), // between the intent and the signature
			Unreachable: func(t *testing.T) (vault.Issuer, vault.IssuerConfig) {
				p.seal()
				var steps atomic.Int32
				return before{p.issuer(t), func() {
					if steps.Add(1) == 3 {
						p.unseal()
					}
				}}, p.withAppRole("")
			},
		})
	})
}

func TestSealedIsSaidPlainly(t *testing.T) {
	atPlaces(t, func(t *testing.T, p *place) {
		i := p.issuer(t)
		o := p.begun(t, i)
		p.seal()
		want := "the OpenBao or Vault server at " + i.host + " is sealed; an operator must unseal it"
		for name, state := range map[string][]byte{"before the intent": nil, "after it": o.State} {
			o.State = state
			if _, err := i.Step(t.Context(), o); err == nil || err.Error() != want {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		}
		p.unseal()
		end, _, err := finish(t, i, o)
		must.Do(t, err)
		leafOf(t, end)
	})
}

func TestSignsInAnewWhenTheTokenEnded(t *testing.T) {
	atPlaces(t, func(t *testing.T, p *place) {
		i := p.issuer(t)
		for range 3 {
			o, _ := order(t, p.withAppRole(""), p.secretID, plainProps())
			end, _, err := finish(t, i, o)
			must.Do(t, err)
			leafOf(t, end)
			p.forget()
		}
	})
}

func TestCredentials(t *testing.T) {
	atPlaces(t, func(t *testing.T, p *place) {
		token := func(password vault.Sealed) vault.IssuerConfig {
			return vault.IssuerConfig{Vault: "default", Name: "bao", Credentials: &vault.Credentials{Password: password}}
		}
		for name, c := range map[string]struct {
			change   func(*Settings)
			cfg      vault.IssuerConfig
			password string
			fault    string // ends in; "" issues
		}{
			"AppRole":             {nil, p.withAppRole(""), p.secretID, ""},
			"wrong secret id":     {nil, p.withAppRole(""), "other", "answered 400 to auth/approle/login: invalid role or secret ID"},
			"AppRole not mounted": {func(s *Settings) { s.AppRoleMount = "people" }, p.withAppRole(""), p.secretID, "answered 403 to auth/people/login: permission denied"},
			"a token":             {nil, token(vault.Sealed("x")), p.token, ""},
			"a wrong token":       {nil, token(vault.Sealed("x")), "s.other", "answered 403 to pki/sign/web: permission denied"},
			"a token in a file":   {func(s *Settings) { s.TokenFile = file(t, "token", []byte(p.token+"\n")) }, vault.IssuerConfig{}, "", ""},
			"none":                {nil, vault.IssuerConfig{}, "", "the issuer has no credentials"},
			"no such PKI engine":  {func(s *Settings) { s.Mount = "other" }, token(vault.Sealed("x")), p.token, "answered 403 to other/sign/web: permission denied"},
			"no such namespace":   {func(s *Settings) { s.Namespace = "nobody" }, p.withAppRole(""), p.secretID, "answered 404 to auth/approle/login: namespace not found"},
			"a role not on offer": {nil, p.withAppRole("admin"), p.secretID, `org_details.id: the role "admin" is not one that this provider offers (web, elsewhere, short, typed, unstored, missing)`},
			"a role not there":    {nil, p.withAppRole("missing"), p.secretID, "answered 400 to pki/sign/missing: unknown role: missing"},
			"another role":        {nil, p.withAppRole("short"), p.secretID, ""},
		} {
			t.Run(name, func(t *testing.T) {
				change := c.change
				if change == nil {
					change = func(*Settings) {}
				}
				o, _ := order(t, c.cfg, c.password, plainProps())
				end, _, err := finish(t, p.issuer(t, change), o)
				switch {
				case err != nil:
					t.Fatal(err)
				case c.fault == "":
					leafOf(t, end)
				case end.Failure == nil || end.Failure.Code != vault.IssuerFault || !strings.HasSuffix(end.Failure.Message, c.fault):
					t.Errorf("failure %+v, want %q", end.Failure, c.fault)
				}
			})
		}
	})
}

func TestNamesOfEveryKind(t *testing.T) {
	atPlaces(t, func(t *testing.T, p *place) {
		x := vault.X509Props{Subject: "CN=a.example.test, O=Example", ValidityMonths: 1, SANs: &vault.SANs{DNS: []string{"a.example.test", "*.b.example.test"},
			Emails: []string{"web@example.test"}, IPs: []string{"10.0.0.1", "2001:db8::1"}, URIs: []string{"spiffe://example.test/web"}}}
		o, _ := order(t, p.withAppRole("typed"), p.secretID, x)
		end, _, err := finish(t, p.issuer(t), o)
		must.Do(t, err)
		leaf := leafOf(t, end)
		dns := slices.Sorted(slices.Values(leaf.DNSNames))
		if leaf.Subject.CommonName != "a.example.test" || !slices.Equal(dns, []string{"*.b.example.test", "a.example.test"}) ||
			!slices.Equal(leaf.EmailAddresses, []string{"web@example.test"}) || len(leaf.IPAddresses) != 2 || len(leaf.URIs) != 1 {
			t.Errorf("names: %s, %v, %v, %v, %v", leaf.Subject, leaf.DNSNames, leaf.EmailAddresses, leaf.IPAddresses, leaf.URIs)
		}
		if len(end.Chain) != 3 {
			t.Errorf("%d certificates, want leaf, issuing CA and root", len(end.Chain))
		}
	})
}

func TestCommonNameLeftOut(t *testing.T) {
	atPlaces(t, func(t *testing.T, p *place) {
		for exclude, want := range map[bool]int{true: 1, false: 2} {
			x := plainProps()
			x.SANs.DNS = []string{"other.example.test"}
			o, _ := order(t, p.withAppRole("typed"), p.secretID, x)
			end, _, err := finish(t, p.issuer(t, func(s *Settings) { s.ExcludeCNFromSANs = exclude }), o)
			must.Do(t, err)
			if got := leafOf(t, end).DNSNames; len(got) != want {
				t.Errorf("exclude_cn_from_sans %v: %v, want %d names", exclude, got, want)
			}
		}
	})
}

func TestLifetimeIsThePolicysUnlessTheRoleShortensIt(t *testing.T) {
	atPlaces(t, func(t *testing.T, p *place) {
		for role, want := range map[string]time.Duration{"web": 365 * 24 * time.Hour, "short": 24 * time.Hour} {
			o, _ := order(t, p.withAppRole(role), p.secretID, plainProps())
			end, notes, err := finish(t, p.issuer(t), o)
			must.Do(t, err)
			leaf := leafOf(t, end)
			if got := leaf.NotAfter.Sub(leaf.NotBefore); got < want || got > want+time.Hour {
				t.Errorf("%s: valid for %v, want %v", role, got, want)
			}
			if warned := strings.Contains(strings.Join(notes, "\n"), "longer than permitted maxTTL"); warned != (role == "short") {
				t.Errorf("%s: notes %q", role, notes)
			}
			if strings.Contains(strings.Join(notes, "\n"), "use_csr_") {
				t.Errorf("%s: a warning that means nothing is noted: %q", role, notes)
			}
		}
	})
}

func TestRefusalIsInTheServersWords(t *testing.T) {
	atPlaces(t, func(t *testing.T, p *place) {
		o, _ := order(t, p.withAppRole("elsewhere"), p.secretID, plainProps())
		end, _, err := finish(t, p.issuer(t), o)
		want := vault.Failure{Code: vault.RequestRejected, Message: "common name www.example.test not allowed by this role"}
		if err != nil || end.Failure == nil || *end.Failure != want {
			t.Errorf("%+v, %v; want %+v", end.Failure, err, want)
		}
	})
}

func TestRevoke(t *testing.T) {
	atPlaces(t, func(t *testing.T, p *place) {
		i := p.issuer(t)
		for _, role := range []string{"web", "unstored"} {
			cfg := p.withAppRole(role)
			o, _ := order(t, cfg, p.secretID, plainProps())
			end, _, err := finish(t, i, o)
			must.Do(t, err)
			number := serial(leafOf(t, end).Raw)
			r := vault.Revocation{Issuer: cfg, Password: vault.Hidden(p.secretID), Ref: end.Ref, Chain: end.Chain, Reason: 4, Now: o.Now}
			for range 2 {
				if err := i.Revoke(t.Context(), r); err != nil {
					t.Fatalf("%s: %v", role, err)
				}
			}
			if !p.isRevoked(number) {
				t.Errorf("%s: %s is not revoked", role, number)
			}
		}
	})
}
