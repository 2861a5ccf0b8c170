package tokens

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"certwright/internal/auth"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// clockOf shows a house's time.
type clockOf struct{ h *house }

func (c clockOf) Now() time.Time { return c.h.now }

// Tokens are good at the server that gave them while they hold, also those of a
// key that no longer signs; then, and changed, they are not.
func TestVerified(t *testing.T) {
	t.Parallel()
	web, secret := withSecret()
	h := open(t, Settings{Clients: []ClientSettings{web}, Keys: KeySettings{Rotate: 2 * day}, Lifetime: 24 * time.Hour, Limits: LimitSettings{PerClient: maxRate}})
	v, err := auth.NewVerifier(auth.Settings{}, auth.Options{Clock: clockOf{h}})
	must.Do(t, err)
	must.Do(t, v.AddLocal(h))
	at := auth.Authenticator{Verifier: v}
	who := func(token string) (vault.Caller, error) {
		r := httptest.NewRequest("GET", "https://"+host+"/secrets", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		return at.Authenticate(r)
	}
	give := func() string {
		t.Helper()
		token, _ := h.ask(map[string]string{"client_secret": secret}).body["access_token"].(string)
		return token
	}
	first := give()
	is, err := who(first)
	must.Do(t, err)
	if is.Issuer != vault.ClientIssuer || is.Subject != "web-id" || is.App != "web-id" || is.Name != "web" || is.Tenant != "adfs" || is.Type != vault.AppCaller ||
		is.TokenID == "" || len(is.Groups) != 1 || len(is.Roles) != 1 {
		t.Errorf("%+v", is)
	}
	begin := h.now
	h.now = begin.Add(day)
	h.tend() // the next key is seen
	h.now = begin.Add(2*day - time.Minute)
	last := give() // of the old key
	h.now = begin.Add(2 * day)
	h.tend()
	next := give()
	if h.signs() == h.kids()[0] {
		t.Fatal("the old key still signs")
	}
	for name, token := range map[string]string{"the old key's": last, "the new key's": next} {
		if _, err := who(token); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := who(first); err == nil {
		t.Error("one that ended a day ago is good")
	}
	parts := strings.Split(next, ".")
	for name, token := range map[string]string{
		"another's claims": strings.Split(last, ".")[0] + "." + parts[1] + "." + parts[2], "no signature": parts[0] + "." + parts[1] + ".", "cut": next[:len(next)-8],
	} {
		if _, err := who(token); err == nil {
			t.Errorf("%s is good", name)
		}
	}
	h.now = begin.Add(2*day + outlasts)
	h.tend()
	if _, err := who(last); err == nil {
		t.Error("a token of a key that is gone is good")
	}
}
