package outbound

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/clock"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// bundle writes the certificate of a test server to a file.
func bundle(t *testing.T, s *httptest.Server) string {
	t.Helper()
	return write(t, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
}

func write(t *testing.T, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	must.Do(t, os.WriteFile(path, text, 0o600))
	return path
}

func client(t *testing.T, caBundle string, limits ...Limit) *Client {
	t.Helper()
	c, err := New(caBundle, limits...)
	must.Do(t, err)
	return c
}

func get(t *testing.T, c *http.Client, url string) (*http.Response, error) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	must.Do(t, err)
	answer, err := c.Do(q)
	if err == nil {
		t.Cleanup(func() { answer.Body.Close() })
	}
	return answer, err
}

// Only who the bundle names is trusted.
func TestTrust(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(s.Close)
	if _, err := get(t, client(t, bundle(t, s)).HTTP("a"), s.URL); err != nil {
		t.Errorf("a server of the bundle: %v", err)
	}
	_, err := get(t, client(t, "").HTTP("a"), s.URL)
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		t.Errorf("a server that nobody vouches for: %v", err)
	}
	if got, host := Plainly(err), strings.TrimPrefix(s.URL, "https://"); !strings.HasPrefix(got, host+": ") || strings.Contains(got, "Get") {
		t.Errorf("told as %q", got)
	}
	for name, path := range map[string]string{"no file": "/nowhere/ca.pem", "no certificate": write(t, []byte("hello"))} {
		if _, err := New(path); err == nil || !strings.Contains(err.Error(), "CA bundle") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Answers are bounded, and lead nowhere else.
func TestAnswers(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	t.Cleanup(other.Close)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/full":
			_, _ = w.Write(make([]byte, maxBody))
		case "/large":
			_, _ = w.Write(make([]byte, maxBody+1))
		}
	}))
	t.Cleanup(s.Close)
	c := client(t, "").HTTP("a")
	if answer, err := get(t, c, s.URL+"/away"); err != nil || answer.StatusCode != http.StatusFound {
		t.Errorf("a redirect: %v", err)
	}
	for path, want := range map[string]error{"/full": nil, "/large": ErrTooLarge} {
		answer, err := get(t, c, s.URL+path)
		must.Do(t, err)
		if _, err := io.ReadAll(answer.Body); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
}

// A 429 closes the account until the authority said, and no other; any
// Retry-After is heard.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		w.Header().Set("Retry-After", "120")
		if r.URL.Path == "/limited" {
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	t.Cleanup(s.Close)
	c := client(t, "")
	ctx, heard := Listen(t.Context())
	q, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	if answer, err := c.HTTP("a").Do(q); err != nil || answer.Body.Close() != nil || heard.After() != 2*time.Minute {
		t.Errorf("%v; heard %v", err, heard.After())
	}
	if _, err := get(t, c.HTTP("a"), s.URL+"/limited"); err != nil {
		t.Fatal(err)
	}
	_, err := get(t, c.HTTP("a"), s.URL)
	var retry *vault.RetryError
	if !errors.Is(err, vault.ErrPaced) || !errors.As(err, &retry) || retry.After < 110*time.Second || retry.After > 2*time.Minute {
		t.Errorf("a closed account: %v", err)
	}
	if _, err := get(t, c.HTTP("b"), s.URL); err != nil {
		t.Errorf("another account: %v", err)
	}
	if n := calls.Load(); n != 3 {
		t.Errorf("%d calls, want 3", n)
	}
	if err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(s.URL, "http://")+" asks this account to come back later") {
		t.Errorf("the error does not say who holds the account up: %v", err)
	}
	some := c.HTTPWhere("c", func(r *http.Request) bool { return r.URL.RawQuery == "everybody" })
	for _, c := range []struct {
		address string
		held    bool
	}{{"/limited?some", false}, {"/limited?everybody", true}} {
		if _, err := get(t, some, s.URL+c.address); err != nil {
			t.Fatal(err)
		}
		if _, err := get(t, some, s.URL); errors.Is(err, vault.ErrPaced) != c.held {
			t.Errorf("after 429 to %s: %v", c.address, err)
		}
	}
}

func TestReadRetryAfter(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{"0": 0, "7": 7 * time.Second, "999999999": 24 * time.Hour,
		"Mon, 01 Jan 2001 00:00:00 GMT": 0, "Fri, 01 Jan 2100 00:00:00 GMT": 24 * time.Hour} {
		if got, ok := retryAfter(header); !ok || got != want {
			t.Errorf("%q: %v %v, want %v", header, got, ok, want)
		}
	}
	for _, header := range []string{"", "-1", "soon"} {
		if got, ok := retryAfter(header); ok {
			t.Errorf("%q: %v", header, got)
		}
	}
}

// No window of a limit ever holds more requests than it says, and whoever would
// wait long is sent away.
func TestLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &Client{limits: []Limit{{100, 5 * time.Second}, {1000, 3 * time.Minute}}, paces: map[string]*pace{}}
		p := c.pace("a")
		var at []time.Time
		paced := 0
		for began := time.Now(); time.Since(began) < 10*time.Minute; {
			leave, err := p.enter(t.Context())
			var retry *vault.RetryError
			switch {
			case err == nil:
				at = append(at, time.Now())
				leave()
			case errors.As(err, &retry) && errors.Is(err, vault.ErrPaced):
				paced++
				time.Sleep(retry.After)
			default:
				t.Fatal(err)
			}
		}
		for _, l := range c.limits {
			for i := range at {
				if i+l.Requests < len(at) && at[i+l.Requests].Sub(at[i]) < l.Within {
					t.Fatalf("more than %d requests within %v", l.Requests, l.Within)
				}
			}
		}
		if len(at) < 1500 {
			t.Errorf("only %d requests in ten minutes, %d times sent away", len(at), paced)
		}
	})
}

// At most four calls of an account run at a time; the fifth is sent away after
// a while, or stops waiting with its context.
func TestTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &Client{paces: map[string]*pace{}}
		var leave []func()
		for range maxCalls {
			l, err := c.pace("a").enter(t.Context())
			must.Do(t, err)
			leave = append(leave, l)
		}
		if _, err := c.pace("a").enter(t.Context()); !errors.Is(err, vault.ErrPaced) {
			t.Errorf("the fifth call: %v", err)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := c.pace("a").enter(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a call that stops waiting: %v", err)
		}
		leave[0]()
		if l, err := c.pace("a").enter(t.Context()); err != nil {
			t.Error(err)
		} else {
			l()
		}
	})
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"https://ca.example.org/directory", "https://10.0.0.1:8443", "http://127.0.0.1:8200", "http://localhost:14000/dir", "http://[::1]:1"} {
		if err := CheckURL(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "ca.example.org", "http://ca.example.org", "http://10.0.0.1", "https://user:secret@ca.example.org", "https://ca.example.org/?a=b", "https://ca.example.org/#x", "ftp://ca", "https:ca", "https://"} {
		if err := CheckURL(bad); err == nil {
			t.Errorf("%q is taken", bad)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%v tells the password", err)
		}
	}
}

// When an account is open again follows the client's clock, moved or set back.
func TestRetryAfterFollowsTheClock(t *testing.T) {
	t.Parallel()
	limited := true
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if limited {
			w.Header().Set("Retry-After", "28800")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	t.Cleanup(s.Close)
	c, moved := client(t, ""), &clock.Shifted{}
	c.Clock = moved
	closed := func(account string) {
		t.Helper()
		if _, err := get(t, c.HTTP(account), s.URL); err != nil {
			t.Fatal(err)
		}
		if _, err := get(t, c.HTTP(account), s.URL); !errors.Is(err, vault.ErrPaced) {
			t.Errorf("%s: %v", account, err)
		}
	}
	closed("a")
	limited = false
	moved.Advance(7 * time.Hour)
	var retry *vault.RetryError
	if _, err := get(t, c.HTTP("a"), s.URL); !errors.As(err, &retry) || retry.After > time.Hour || retry.After < 59*time.Minute {
		t.Errorf("an hour before: %v", err)
	}
	moved.Advance(time.Hour + time.Second)
	if _, err := get(t, c.HTTP("a"), s.URL); err != nil {
		t.Errorf("8 hours later by the clock: %v", err)
	}
	limited = true
	moved.Advance(1000 * time.Hour)
	closed("b")
	limited = false
	moved.Set(0)
	if _, err := get(t, c.HTTP("b"), s.URL); err != nil {
		t.Errorf("after the clock was set back: %v", err)
	}
}
