package scripted

import (
	"strings"
	"testing"
	"time"

	"certwright/internal/certs"
	"certwright/internal/issuer/issuertest"
	"certwright/internal/must"
	"certwright/internal/vault"
)

func TestContract(t *testing.T) {
	t.Parallel()
	authority, err := certs.NewAuthority("Test Issuing CA", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	must.Do(t, err)
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
		"hold":                         {hold: true},
		" hold ; delay=5s ":            {hold: true, delay: 5 * time.Second},
		"outcome=reject":               {outcome: vault.RequestRejected},
		"outcome=error;message=a; b=c": {outcome: vault.IssuerFault, message: "a; b=c"},
		"outcome = error; fail = 2":    {outcome: vault.IssuerFault, fail: 2},
		"fail=2;cancel=lost":           {fail: 2, loseCancel: true},
		"delay=1m30s;;":                {delay: 90 * time.Second},
		"hold; outcome=reject; message=only words; holdd": {hold: true, outcome: vault.RequestRejected, message: "only words; holdd"},
	} {
		if got, err := parse(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
}

// What is no script is an account, and issues at once.
func TestAccountsAreNoScripts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "4417", "account 12", "none", "account", "keyvaultuser", "admin@example.org", "hold@example.org", "3f0c6a52-7f1c-4a8e-9a52-0c1e2d3f4a5b",
		"gold", "bold", "Gold;Silver", "holding-co", "hold-account", "fail-over", "Fail Safe Ltd", "Hold, Inc.", "message-bus", "cancellations",
		"CN=joe,O=Example", "uid=joe;ou=people", "c2VjcmV0PQ==", "aG9sZA=", "tenant=contoso", "a=b", "=", ";", ";;", "h", "x=1"} {
		if got, err := parse(text); err != nil || got != (script{}) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

// What looks like a script and is none is refused, and the word is named.
func TestTypos(t *testing.T) {
	t.Parallel()
	for text, word := range map[string]string{
		"outcome=eror":                    `"outcome=eror" in it is unknown: write outcome=reject or outcome=error`,
		"Hold":                            `"Hold" in it is unknown: write hold.`,
		"hold; delya=3s":                  `"delya=3s" in it is unknown: write delay=5s`,
		"delya=3s":                        `"delya=3s"`,
		"hold;account 12":                 `"account 12" in it is unknown: there are hold, delay=5s,`,
		"account;hold":                    `"account"`,
		"HOLD":                            `"HOLD"`,
		"hodl":                            `"hodl"`,
		"holdd":                           `"holdd"`,
		"hold=1":                          `"hold=1"`,
		"hold, delay=5s":                  `"hold, delay=5s"`,
		"Delay=5s":                        `"Delay=5s"`,
		"delay":                           `"delay"`,
		"delay=5":                         `"delay=5"`,
		"delay=-1s":                       `"delay=-1s"`,
		"delay=soon":                      `"delay=soon"`,
		"delay:5s":                        `"delay:5s"`,
		"delay 5s":                        `"delay 5s"`,
		"outcom=error":                    `"outcom=error"`,
		"outcome=maybe":                   `"outcome=maybe"`,
		"outcome=Error":                   `"outcome=Error"`,
		"result=reject":                   `"result=reject"`,
		"wait=5s":                         `"wait=5s"`,
		"fail=x":                          `"fail=x"`,
		"fail=-1":                         `"fail=-1"`,
		"fial=2":                          `"fial=2"`,
		"cancel=won":                      `"cancel=won"`,
		"cancle=lost":                     `"cancle=lost"`,
		"mesage=no":                       `"mesage=no"`,
		"fail=2;mesage=no":                `"mesage=no" in it is unknown: write message=...`,
		"message:no":                      `"message:no"`,
		"hold|fail=2":                     `"hold|fail=2"`,
		"hold&fail=2":                     `"hold&fail=2"`,
		"x, outcome=eror":                 `"x, outcome=eror"`,
		`"hold"`:                          `"\"hold\"" in it is unknown: write hold.`,
		"'outcome=reject'":                `write outcome=reject or outcome=error`,
		"hold.":                           `"hold."`,
		"reject":                          `"reject" in it is unknown: write outcome=reject or outcome=error`,
		"Error":                           `"Error" in it is unknown: write outcome=reject or outcome=error`,
		"message=no":                      `"message=no" says why an order fails, and nothing before it lets one fail`,
		"message=no; outcome=reject":      `"message=no; outcome=reject" says why`,
		"hold; message=no;outcome=reject": `write outcome=reject or outcome=error before it`,
	} {
		got, err := parse(text)
		if err == nil || got != (script{}) || err.Reason != vault.Invalid || !strings.Contains(err.Message, word) {
			t.Errorf("%q: %+v, %v; want %s", text, got, err, word)
			continue
		}
		if err := (Issuer{}).ValidateIssuer(config(text)); err == nil {
			t.Errorf("%q: the issuer is accepted", text)
		}
		p, _ := Issuer{}.Step(t.Context(), vault.Order{Issuer: config(text)}) // one that was put before
		if p.Failure == nil || p.Failure.Code != vault.IssuerFault || !strings.Contains(p.Failure.Message, word) {
			t.Errorf("%q: an order comes to %+v", text, p)
		}
	}
	if err := (Issuer{}).ValidateIssuer(config("4417")); err != nil {
		t.Error(err)
	}
	if err := (Issuer{}).ValidateIssuer(vault.IssuerConfig{}); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"hold; delay=5s", "outcome=eror", "message=a;b", "delya=3s", "h", "=;=", "hold\t5s", "Ho\u017fd"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := parse(text); err != nil && s != (script{}) {
			t.Errorf("%q: refused, and %+v", text, s)
		}
	})
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
		if got := (Issuer{}).IssuesAtOnce(o); got != c.want {
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
