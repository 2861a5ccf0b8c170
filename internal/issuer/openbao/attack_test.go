package openbao

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"certwright/internal/must"
	"certwright/internal/vault"
)

// A server that repeats the token of a call, in whatever answer, does not bring
// it before people: it is not the issuer's password where it stands in a file
// or came from a sign-in, so nobody else takes it out.
func TestRepeatedTokenIsHidden(t *testing.T) {
	t.Parallel()
	b, p := playedWith(t)
	i, err := New(p.settings)
	must.Do(t, err)
	for _, status := range []int{http.StatusBadRequest, http.StatusForbidden, http.StatusInternalServerError, http.StatusTooManyRequests, http.StatusOK} {
		b.set(func() {
			b.meddler = func(w http.ResponseWriter, r *http.Request) bool {
				w.WriteHeader(status)
				said := fmt.Sprintf("token %s was not expected", r.Header.Get("X-Vault-Token"))
				fmt.Fprintf(w, `{"errors":[%q],"warnings":[%q],"data":{}}`, said, said)
				return true
			}
		})
		r, err := i.call(t.Context(), account{name: "x"}, vault.Hidden(p.token), "pki/sign/web", map[string]string{})
		if text := fmt.Sprint(err, r.Errors, warnings(r)); strings.Contains(text, p.token) || !strings.Contains(text, "[hidden]") {
			t.Errorf("%d: %s", status, text)
		}
	}
}
