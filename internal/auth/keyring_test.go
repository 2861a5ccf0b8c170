package auth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/auth/authtest"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// A fakeSource publishes keys of an issuer, and counts how often.
type fakeSource struct {
	issuer  *authtest.Issuer
	keep    time.Duration
	slow    time.Duration // that an answer takes
	err     atomic.Pointer[error]
	fetches atomic.Int64
}

func (f *fakeSource) fetch(ctx context.Context) ([]Key, time.Duration, error) {
	f.fetches.Add(1)
	if f.slow > 0 {
		select {
		case <-time.After(f.slow):
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
	}
	if err := f.err.Load(); err != nil {
		return nil, 0, *err
	}
	keys, err := parseKeys(f.issuer.JWKS())
	return keys, f.keep, err
}

func (f *fakeSource) fail(err error) { f.err.Store(&err) }

var errDown = errors.New("login.example.org: status 503 to GET /keys")

// inBubble makes a verifier of one issuer in time that a test moves by sleeping.
func inBubble(t *testing.T) (*Verifier, *authtest.Issuer, *fakeSource) {
	t.Helper()
	corp := authtest.New("https://login.example.org/corp", "ES256", here)
	v, err := NewVerifier(Settings{Issuers: []IssuerSettings{settingsOf(t, "corp", corp)}}, Options{})
	must.Do(t, err)
	f := &fakeSource{issuer: corp}
	v.rings[0].source = f
	return v, corp, f
}

// background runs the verifier until the returned function is called.
func background(t *testing.T, v *Verifier) (stop func()) {
	ctx, end := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { v.Run(ctx) })
	return func() { end(); running.Wait() }
}

// is reports whether a token is taken, and its refusal.
func is(v *Verifier, token string) (bool, *vault.Error) {
	_, err := v.verify(context.Background(), token)
	return err == nil, vault.RefusalIn(err)
}

// However many forged tokens come, and whatever keys they name, the issuer is
// asked once in ten seconds at most.
func TestForgedTokensAskOnceInTenSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, corp, f := inBubble(t)
		if ok, err := is(v, corp.Token("ada", nil)); !ok || f.fetches.Load() != 1 {
			t.Fatalf("%v after %d fetches", err, f.fetches.Load())
		}
		stolen := authtest.NewKey("k1", "ES256")
		for range 100 {
			if ok, _ := is(v, authtest.Sign(stolen, nil, corp.Claims("eve", nil))); ok {
				t.Fatal("a forged token is taken")
			}
		}
		if n := f.fetches.Load(); n != 1 {
			t.Errorf("%d fetches for bad signatures of a known key", n-1)
		}
		for i := range 1000 { // over 100 seconds
			forged := authtest.Sign(authtest.Key{ID: fmt.Sprint("forged-", i), Algorithm: "ES256", Private: stolen.Private}, nil, corp.Claims("eve", nil))
			if ok, err := is(v, forged); ok || err.Message != vault.UnknownTokenKey().Message {
				t.Fatalf("a token of an unknown key: %v", err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if n := f.fetches.Load() - 1; n < 9 || n > 10 {
			t.Errorf("%d fetches in 100 seconds", n)
		}
		if ok, err := is(v, corp.Token("ada", nil)); !ok {
			t.Errorf("a good token meanwhile: %v", err)
		}
	})
}

// Requests that come while the keys are fetched wait for that one fetch, not
// too many of them and not too long.
func TestRequestsShareAFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, corp, f := inBubble(t)
		f.slow = 3 * time.Second
		token := corp.Token("ada", nil)
		var taken, refused atomic.Int64
		var all sync.WaitGroup
		for range 2 * maxWaiting {
			all.Go(func() {
				if ok, _ := is(v, token); ok {
					taken.Add(1)
				} else {
					refused.Add(1)
				}
			})
		}
		time.Sleep(time.Second)
		if n := refused.Load(); n != maxWaiting-1 || taken.Load() != 0 {
			t.Errorf("%d do not wait for their turn, want %d", n, maxWaiting-1)
		}
		all.Wait()
		if taken.Load() != maxWaiting+1 || f.fetches.Load() != 1 {
			t.Errorf("%d were taken after %d fetches", taken.Load(), f.fetches.Load())
		}
	})
}

// An issuer that does not answer holds nobody for long, and a client that goes
// away does not end the fetch that others wait for.
func TestASlowIssuer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, corp, f := inBubble(t)
		f.slow = time.Hour
		began := time.Now()
		ctx, gone := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := v.verify(ctx, corp.Token("ada", nil)); err == nil {
				t.Error("taken without a key")
			}
			if took := time.Since(began); took != fetchTime {
				t.Errorf("the one who asks waits %v", took)
			}
		})
		all.Go(func() {
			time.Sleep(time.Second)
			_, _ = v.verify(t.Context(), corp.Token("ada", nil))
			if took := time.Since(began); took != time.Second+waitTime {
				t.Errorf("one who waits does so until %v", took)
			}
		})
		time.Sleep(2 * time.Second)
		gone()
		all.Wait()
		if f.fetches.Load() != 1 {
			t.Errorf("%d fetches", f.fetches.Load())
		}
	})
}

// A new key is found by the first token that it signed; a key that is withdrawn
// is gone with the next refresh, and so is what was verified with it.
func TestKeysRotate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, corp, f := inBubble(t)
		f.keep = time.Hour
		defer background(t, v)()
		synctest.Wait()
		old, next := corp.Key(), authtest.NewKey("k2", "ES256")
		long := map[string]any{"exp": time.Now().Add(20 * time.Hour).Unix()}
		first := corp.Token("ada", long)
		if ok, err := is(v, first); !ok {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		corp.Use(old, next)
		if ok, err := is(v, corp.Token("ada", nil)); !ok || f.fetches.Load() != 2 {
			t.Errorf("the new key: %v, %d fetches", err, f.fetches.Load())
		}
		if ok, err := is(v, first); !ok {
			t.Errorf("a token of the old key, which is published yet: %v", err)
		}
		corp.Use(next)
		time.Sleep(59 * time.Minute)
		if ok, _ := is(v, first); !ok {
			t.Error("a token of a key that nobody knows to be withdrawn is refused")
		}
		time.Sleep(2 * time.Minute) // an hour after the last fetch
		if ok, err := is(v, first); ok || err.Message != vault.UnknownTokenKey().Message {
			t.Errorf("a token of a withdrawn key: %v, %v", ok, err)
		}
		if n := v.known.Len(); n != 1 {
			t.Errorf("%d tokens are known", n)
		}
	})
}

// How long keys are kept is the issuer's word, within five minutes and a day.
func TestRefreshIsClamped(t *testing.T) {
	t.Parallel()
	for keep, want := range map[time.Duration]time.Duration{time.Second: refreshMin, 2 * time.Hour: 2 * time.Hour, 1000 * time.Hour: refreshMax, 0: refreshUsual} {
		synctest.Test(t, func(t *testing.T) {
			v, _, f := inBubble(t)
			f.keep = keep
			defer background(t, v)()
			for i := range 4 {
				synctest.Wait()
				if n := f.fetches.Load(); n != int64(i+1) {
					t.Errorf("keep %v: %d fetches after %v", keep, n, time.Duration(i)*want)
				}
				time.Sleep(want)
			}
		})
	}
}

// While the issuer cannot be asked, tokens of the keys that it had are taken for
// a day; then nobody's are, and the server says so.
func TestAnOutageIsSurvivedForADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, corp, f := inBubble(t)
		f.keep = 5 * time.Minute
		defer background(t, v)()
		synctest.Wait()
		f.fail(errDown)
		for range 23 {
			time.Sleep(time.Hour)
			if ok, err := is(v, corp.Token("ada", nil)); !ok || v.Trouble() != nil {
				t.Fatalf("%v, %v", err, v.Trouble())
			}
		}
		known := corp.Token("ada", map[string]any{"exp": time.Now().Add(3 * time.Hour).Unix()})
		if ok, err := is(v, known); !ok {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		for _, token := range []string{known, corp.Token("ada", nil)} {
			if ok, err := is(v, token); ok || err.Message != vault.UnknownTokenKey().Message {
				t.Errorf("after a day: %v, %v", ok, err)
			}
		}
		if err := v.Trouble(); err == nil || err.Error() != "sign-in issuer corp: "+errDown.Error() {
			t.Errorf("trouble: %v", err)
		}
		f.err.Store(nil)
		time.Sleep(retryMost)
		if ok, err := is(v, corp.Token("ada", nil)); !ok || v.Trouble() != nil {
			t.Errorf("once it is back: %v, %v", err, v.Trouble())
		}
	})
}

// An issuer that cannot be reached at the start is asked again after one second,
// two, four and so on, a minute at most; tokens do not hasten that.
func TestAnIssuerThatIsDownAtTheStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, corp, f := inBubble(t)
		f.fail(errDown)
		if v.Trouble() == nil {
			t.Error("keys that were never fetched are no trouble")
		}
		defer background(t, v)()
		began := time.Now()
		for _, at := range []time.Duration{0, 1, 3, 7, 15, 31, 63, 123, 183} {
			time.Sleep(time.Until(began.Add(at * time.Second)))
			synctest.Wait()
			want := f.fetches.Load()
			if ok, err := is(v, corp.Token("ada", nil)); ok || err.Message != vault.UnknownTokenKey().Message {
				t.Fatalf("%v", err)
			}
			if f.fetches.Load() != want {
				t.Errorf("after %ds a token has it asked once more", at)
			}
		}
		if n := f.fetches.Load(); n != 9 || v.Trouble() == nil {
			t.Errorf("%d fetches, %v", n, v.Trouble())
		}
		f.err.Store(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if ok, err := is(v, corp.Token("ada", nil)); !ok || v.Trouble() != nil {
			t.Errorf("%v, %v", err, v.Trouble())
		}
	})
}

// What replaces a verifier while the server runs knows the keys that it had.
func TestKeysAreInherited(t *testing.T) {
	t.Parallel()
	corp := authtest.Serve(t, "ES256", here)
	s := Settings{Issuers: []IssuerSettings{{Name: "corp", URL: corp.URL, Audiences: corp.Audiences}}}
	before, err := NewVerifier(s, Options{})
	must.Do(t, err)
	if ok, err := is(before, corp.Token("ada", nil)); !ok {
		t.Fatal(err)
	}
	corp.Break(503)
	s.Issuers[0].Audiences = []string{"other"}
	after, err := NewVerifier(s, Options{Before: before})
	must.Do(t, err)
	if ok, err := is(after, corp.Token("ada", map[string]any{"aud": "other"})); !ok || corp.Fetches() != 1 {
		t.Errorf("%v after %d fetches", err, corp.Fetches())
	}
	s.Issuers[0].JWKS = corp.URL + "/keys"
	elsewhere, err := NewVerifier(s, Options{Before: before})
	must.Do(t, err)
	if ok, _ := is(elsewhere, corp.Token("ada", map[string]any{"aud": "other"})); ok {
		t.Error("keys of another place are inherited")
	}
}

// Verifying, rotating and refreshing at once is no race; with -race this proves it.
func TestVerifyingTogether(t *testing.T) {
	t.Parallel()
	corp := authtest.Serve(t, "ES256", here)
	v, err := NewVerifier(Settings{Issuers: []IssuerSettings{{Name: "corp", URL: corp.URL, Audiences: corp.Audiences}}}, Options{})
	must.Do(t, err)
	stop := background(t, v)
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			for i := range 50 {
				if n == 0 && i%10 == 9 {
					corp.Use(corp.Key(), authtest.NewKey(fmt.Sprint("k", i), "ES256"))
					ring := v.rings[0]
					ring.mu.Lock()
					ring.tried = time.Time{}
					ring.mu.Unlock()
				}
				_, _ = is(v, corp.Token(fmt.Sprint(n), map[string]any{"jti": fmt.Sprint(i % 7)}))
				v.Trouble()
			}
		})
	}
	all.Wait()
	stop()
	if ok, err := is(v, authtest.Sign(corp.Keys()[0], nil, corp.Claims("ada", nil))); !ok {
		t.Error(err)
	}
}

// Whoever asks for the keys now waits for a fetch that is under way: a source is
// asked by one at a time.
func TestProbeWaitsForAFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, _, f := inBubble(t)
		f.slow = 3 * time.Second
		defer background(t, v)()
		synctest.Wait()
		began := time.Now()
		found := v.Probe(t.Context())
		if took := time.Since(began); took != 6*time.Second || f.fetches.Load() != 2 || len(found) != 1 || found[0].Keys != 1 || found[0].Err != nil {
			t.Errorf("%+v after %v and %d fetches", found, took, f.fetches.Load())
		}
	})
}
