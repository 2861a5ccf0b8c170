package scripted

import (
	"testing"
	"time"

	"certwright/internal/certs"
	"certwright/internal/issuer/issuertest"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

func TestContract(t *testing.T) {
	t.Parallel()
	authority, err := certs.NewAuthority("Test Issuing CA", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	with := func(script string) func(*testing.T) (vault.Issuer, vault.IssuerConfig) {
		return func(*testing.T) (vault.Issuer, vault.IssuerConfig) {
			return Issuer{Authority: authority}, config(script)
		}
	}
	issuertest.Run(t, issuertest.Case{
		New:         with("delay=5s"),
		Again:       func(*testing.T, vault.Issuer) vault.Issuer { return Issuer{Authority: authority} },
		Reject:      with("delay=1s;outcome=reject"),
		Fault:       with("outcome=error; message=the authority is closed; come back"),
		Unreachable: with("fail=2"),
		Hold:        with("hold"),
	})
}

func config(script string) vault.IssuerConfig {
	return vault.IssuerConfig{Vault: "default", Name: "mydigicert", Provider: "DigiCert", Enabled: true,
		Credentials: &vault.Credentials{AccountID: script}}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]script{
		"":                             {},
		"4417":                         {},
		"hold":                         {hold: true},
		" hold ; delay=5s ":            {hold: true, delay: 5 * time.Second},
		"outcome=reject":               {outcome: vault.RequestRejected},
		"outcome=error;message=a; b=c": {outcome: vault.IssuerFault, message: "a; b=c"},
		"fail=2;cancel=lost":           {fail: 2, loseCancel: true},
		"delay=1m30s;;":                {delay: 90 * time.Second},
		"hold;account 12":              {},
		"delay=-1s":                    {},
		"delay=soon":                   {},
		"outcome=maybe":                {},
		"fail=x":                       {},
		"cancel=won":                   {},
		"hold=1":                       {},
		"message=only words":           {message: "only words"},
	} {
		if diff := cmp.Diff(want, parse(text), cmp.AllowUnexported(script{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestPrompt(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		script  string
		age     time.Duration
		attempt int
		want    bool
	}{
		{"", 0, 0, true}, {"4417", 0, 0, true}, {"outcome=reject", 0, 0, true}, {"cancel=lost", 0, 0, true},
		{"hold", time.Hour, 0, false}, {"delay=5s", 4 * time.Second, 0, false}, {"delay=5s", 5 * time.Second, 0, true},
		{"fail=1", 0, 0, false}, {"fail=1", 0, 1, false},
	} {
		o := vault.Order{Issuer: config(c.script), Created: now, Now: now.Add(c.age), Attempt: c.attempt}
		if got := (Issuer{}).Prompt(o); got != c.want {
			t.Errorf("%q at age %v, attempt %d: %v, want %v", c.script, c.age, c.attempt, got, c.want)
		}
	}
}

// A held order costs few steps, however far the clock is moved.
func TestHeldOrdersAreCheap(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for span, most := range map[time.Duration]int{30 * 24 * time.Hour: 40, 365 * 24 * time.Hour: 55, 3650 * 24 * time.Hour: 170} {
		o := vault.Order{Issuer: config("hold"), Created: now, Now: now}
		steps := 0
		for ; o.Now.Sub(now) < span; steps++ {
			p, err := (Issuer{}).Step(t.Context(), o)
			if err != nil || p.Again < time.Second || p.Again > longest {
				t.Fatalf("at age %v: %v, %v", o.Now.Sub(now), p.Again, err)
			}
			o.Now = o.Now.Add(p.Again)
		}
		if steps > most {
			t.Errorf("%v take %d steps, want at most %d", span, steps, most)
		}
	}
}

// DigiCert, played, refuses e-mail names as the provider does; nobody else is said to.
func TestValidatePolicy(t *testing.T) {
	t.Parallel()
	mail := vault.Policy{X509: vault.X509Props{SANs: &vault.SANs{Emails: []string{"a@example.test"}}}}
	for _, c := range []struct {
		provider string
		policy   vault.Policy
		refused  bool
	}{
		{"DigiCert", mail, true}, {"digicert", mail, true}, {"GlobalSign", mail, false},
		{"DigiCert", vault.Policy{X509: vault.X509Props{SANs: &vault.SANs{DNS: []string{"a.test"}}}}, false}, {"DigiCert", vault.Policy{}, false},
	} {
		cfg := config("hold")
		cfg.Provider = c.provider
		err := Issuer{}.ValidatePolicy(cfg, c.policy)
		if c.refused != (err != nil) || err != nil && err.Error() != vault.NoEmailsAtDigiCert().Error() {
			t.Errorf("%s %v: %v", c.provider, c.policy.X509.SANs, err)
		}
	}
	if err := (Issuer{}).ValidateIssuer(config("")); err != nil {
		t.Error(err)
	}
}
