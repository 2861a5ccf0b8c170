package serve_test

import (
	"strings"
	"testing"

	"certwright/conformance/serve"
	"certwright/internal/auth/authtest"
	"certwright/internal/must"
)

// A stranger fills neither log, whatever he sends and however often.
func TestStrangersDoNotFillTheLog(t *testing.T) {
	t.Parallel()
	h := serve.New(t)
	s := h.Start(t)
	other := authtest.Serve(t, "ES256", serve.Audience)
	before := len(s.Said())
	const rounds = 150
	for i := range rounds {
		for name, token := range map[string]string{
			"no token": "", "opaque": "x", "another issuer": other.Token("ann", nil), "another key": authtest.Sign(other.Key(), nil, h.Issuer.Claims("ann", nil)),
			"an unknown key": authtest.Sign(authtest.NewKey("k"+strings.Repeat("9", i%20), "ES256"), nil, h.Issuer.Claims("ann", nil)),
		} {
			if got := s.Ask(t, "GET", s.Vault("web")+"/secrets", token, ""); got.Status != 401 {
				t.Errorf("%s: %d", name, got.Status)
			}
		}
		s.Ask(t, "GET", s.Side+"/admin/operations", "x", "")
		s.Ask(t, "GET", s.Side+"/pki/none.crl", "", "")
	}
	must.Do(t, s.Stop())
	if said := s.Said()[before:]; strings.Count(said, "\n") > 200 { // 60 at once, then one a second
		t.Errorf("%d lines of %d requests, such as\n%.2000s", strings.Count(said, "\n"), 7*rounds, said)
	}
}
