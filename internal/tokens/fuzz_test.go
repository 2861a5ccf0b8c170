package tokens

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// Whatever is sent, nobody gets a token who does not know the secret or the key.
func FuzzToken(f *testing.F) {
	t := &testing.T{}
	web, _ := withSecret()
	key := certify(t, rsaKeys()[0], "web", nil)
	print := strings.Repeat("ab", 32)
	for _, s := range []string{"", "grant_type=client_credentials&client_id=web-id&scope=" + resource, "client_secret=" + secretPrefix, "%zz", "a=b;c=d"} {
		f.Add(s, "a.b.c")
	}
	f.Add("grant_type=client_credentials&client_id=web-id&scope="+resource+"&client_assertion_type="+assertionType,
		key.sign(t, jose.RS256, map[string]any{"x5t": "fi5QFGdi4M8+zcoFmHIv88EZV+g=", "x5c": []string{key.x5c()}}, claimed{"iss": "web-id", "sub": "web-id", "aud": issuer, "jti": "x", "exp": 1.5}))
	var h *house
	f.Fuzz(func(t *testing.T, form, assertion string) {
		if h == nil {
			web.Certificates = []CertificateSettings{{X5T: print}}
			h = open(t, Settings{Clients: []ClientSettings{web}, Limits: LimitSettings{PerClient: maxRate, PerAddress: maxRate}})
		}
		r := httptest.NewRequest("POST", "https://"+host+tokenPath, strings.NewReader(form+"&client_assertion="+assertion))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code/100 != 4 || strings.Contains(w.Body.String(), "access_token") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}
