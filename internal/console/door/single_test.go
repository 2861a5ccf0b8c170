package door

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// A told is a provider without a network.
type told func(*http.Request) *http.Response

func (t told) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := t(r)
	return answer, r.Context().Err()
}

// Whoever opens the sign-in page asks the provider nothing that it said a moment
// ago, and waits for one that does not answer no longer than a page may take.
func TestDiscovery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked, down := 0, false
		s := &Single{Issuer: "https://sso.example.org", HTTP: &http.Client{Transport: told(func(r *http.Request) *http.Response {
			asked++
			if down {
				<-r.Context().Done()
			}
			w := httptest.NewRecorder()
			fmt.Fprint(w, `{"issuer":"https://sso.example.org","authorization_endpoint":"https://login.example.org/a","token_endpoint":"https://sso.example.org/t"}`)
			return w.Result()
		})}}
		for _, step := range []struct {
			after       time.Duration
			down        bool
			want        string
			asked       int
			took, least time.Duration
		}{
			{0, false, " https://login.example.org", 1, 0, 0},
			{time.Minute, true, " https://login.example.org", 1, 0, 0},
			{discoveryKept, true, "", 2, discoveryTime, discoveryTime},
			{time.Second, true, "", 2, 0, 0},
			{discoveryFailed, false, " https://login.example.org", 3, 0, 0},
		} {
			time.Sleep(step.after)
			down = step.down
			began := time.Now()
			if got := s.formAction(t.Context()); got != step.want || asked != step.asked || time.Since(began) > step.took || time.Since(began) < step.least {
				t.Errorf("after %v: %q, asked %d times, in %v; want %q, %d, %v", step.after, got, asked, time.Since(began), step.want, step.asked, step.took)
			}
		}
	})
}
