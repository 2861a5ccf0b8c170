package door

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"certwright/internal/clock"
	"certwright/internal/console/pages"
	"certwright/internal/vault"
)

// Single signs people in at an OpenID Connect provider: the authorization code
// flow (RFC 6749 section 4.1) with PKCE (RFC 7636). Every field is required but
// Secret and Scopes.
type Single struct {
	Name     string // as the page says it
	Issuer   string
	ClientID string
	Secret   func() (vault.Hidden, error) // nil: a public client
	Redirect string                       // this console's /ui/callback
	Scopes   []string                     // beside openid
	HTTP     *http.Client
	Sealer   vault.Sealer
	// Verify returns whom an id_token for the client names, its nonce, and when he
	// showed who he is: the zero time if it does not say.
	Verify func(ctx context.Context, idToken, audience string) (who vault.Caller, nonce string, shown time.Time, err error)

	said atomic.Pointer[discovery]
}

// A discovery is what came of asking a provider how to sign in.
type discovery struct {
	provider
	err error
	at  time.Time
}

const (
	discoveryTime   = 5 * time.Second  // that a page waits for it
	discoveryKept   = 5 * time.Minute  // that it is not asked again
	discoveryFailed = 10 * time.Second // the same, where nothing came of it
)

const (
	flowCookie  = "__Host-certwright-login"
	flowBinding = "console/login"
	flowTime    = 10 * time.Minute
	flowSkew    = time.Minute // that the provider's clock may be ahead
	maxAnswer   = 1 << 20
)

// A flow is a sign-in under way, sealed in a cookie of the browser that began it.
type flow struct {
	State, Nonce, Verifier, To string
	Began                      time.Time
	Again                      bool // the provider was asked to have him show who he is
}

// provider is what discovery says (OpenID Connect Discovery 1.0 section 3).
type provider struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
}

// discover returns what the provider said a moment ago, or asks it. Strangers have
// it asked, by opening a page.
func (s *Single) discover(ctx context.Context) (provider, error) {
	now := clock.Real{}.Now()
	if d := s.said.Load(); d != nil && (now.Sub(d.at) < discoveryFailed || d.err == nil && now.Sub(d.at) < discoveryKept) {
		return d.provider, d.err
	}
	within, stop := context.WithTimeout(ctx, discoveryTime)
	defer stop()
	p, err := s.ask(within)
	if ctx.Err() == nil { // else it is who asked that gave up
		s.said.Store(&discovery{p, err, clock.Real{}.Now()})
	}
	return p, err
}

func (s *Single) ask(ctx context.Context) (p provider, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(s.Issuer, "/")+"/.well-known/openid-configuration", nil)
	if err != nil {
		return p, err
	}
	if err := s.fetch(r, &p); err != nil {
		return p, fmt.Errorf("ask %s how to sign in: %w", s.Issuer, err)
	}
	if p.Issuer != s.Issuer || p.Authorization == "" || p.Token == "" {
		return p, fmt.Errorf("ask %s how to sign in: its discovery document is of %q, or lacks an endpoint", s.Issuer, p.Issuer)
	}
	return p, nil
}

func (s *Single) fetch(r *http.Request, into any) error {
	answer, err := s.HTTP.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("it answered %s", answer.Status)
	}
	return json.Unmarshal(text, into)
}

// formAction is where the forms of pages may lead beside here.
func (s *Single) formAction(ctx context.Context) string {
	if s == nil {
		return ""
	}
	p, err := s.discover(ctx)
	if err != nil {
		return ""
	}
	u, err := url.Parse(p.Authorization)
	if err != nil {
		return ""
	}
	return " " + u.Scheme + "://" + u.Host
}

// singleBegin leads to the provider.
func (d room) singleBegin(w http.ResponseWriter, r *http.Request) error {
	s := d.Single
	if s == nil {
		return pages.Missing()
	}
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	p, err := s.discover(r.Context())
	if err != nil {
		d.Log.Warn("nobody can sign in to the console at its provider", "error", err)
		return &vault.Error{Reason: vault.Unavailable, Code: "ServiceUnavailable", Message: s.Name + " cannot be asked now; the server's log says why. Try again in a moment, or sign in another way."}
	}
	f := flow{State: rand.Text(), Nonce: rand.Text(), Verifier: rand.Text() + rand.Text(), To: Local(r.PostForm.Get("to")), Began: clock.Real{}.Now()}
	_, f.Again = SessionOf(r.Context())
	plain, err := json.Marshal(f)
	if err != nil {
		return err
	}
	sealed, err := s.Sealer.Seal(plain, flowBinding)
	if err != nil {
		return err
	}
	hash := sha256.Sum256([]byte(f.Verifier))
	q := url.Values{"response_type": {"code"}, "client_id": {s.ClientID}, "redirect_uri": {s.Redirect}, "scope": {strings.Join(append([]string{"openid"}, s.Scopes...), " ")},
		"state": {f.State}, "nonce": {f.Nonce}, "code_challenge": {base64.RawURLEncoding.EncodeToString(hash[:])}, "code_challenge_method": {"S256"}}
	if f.Again { // he has to show again who he is
		q.Set("prompt", "login")
		q.Set("max_age", "0")
	}
	http.SetCookie(w, &http.Cookie{Name: flowCookie, Value: base64.RawURLEncoding.EncodeToString(sealed), Path: "/", Secure: true, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, MaxAge: int(flowTime / time.Second)})
	mark := "?"
	if strings.Contains(p.Authorization, "?") {
		mark = "&"
	}
	http.Redirect(w, r, p.Authorization+mark+q.Encode(), http.StatusSeeOther)
	return nil
}

// singleEnd takes what the provider sends the browser back with.
func (d room) singleEnd(w http.ResponseWriter, r *http.Request) error {
	s, q := d.Single, r.URL.Query()
	if s == nil {
		return pages.Missing()
	}
	f, err := s.flowOf(r)
	http.SetCookie(w, &http.Cookie{Name: flowCookie, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: -1})
	if err != nil || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(f.State)) != 1 {
		return &vault.Error{Reason: vault.Denied, Code: "Forbidden", Message: "This sign-in was not begun in this browser, or more than ten minutes ago. Begin again at /ui/signin."}
	}
	if said := q.Get("error"); said != "" {
		return &vault.Error{Reason: vault.Denied, Code: "Forbidden", Message: s.Name + " did not sign you in: " + vault.Shorten(said+" "+q.Get("error_description"))}
	}
	who, nonce, shown, err := s.redeem(r.Context(), q.Get("code"), f.Verifier)
	switch {
	case err != nil:
		d.Log.Warn("a sign-in to the console was refused", "error", err)
		d.refusedSignIn(r, "oidc")
		return &vault.Error{Reason: vault.Denied, Code: "Forbidden", Message: s.Name + " signed you in, but this server does not take what it says; the server's log has the reason. Begin again at /ui/signin."}
	case subtle.ConstantTimeCompare([]byte(nonce), []byte(f.Nonce)) != 1:
		d.refusedSignIn(r, "oidc")
		return &vault.Error{Reason: vault.Denied, Code: "Forbidden", Message: "The answer of " + s.Name + " is of another sign-in. Begin again at /ui/signin."}
	}
	who.Address = d.Address(r)
	return d.begin(w, r, who, "oidc", f.shown(shown), f.To)
}

// shown is when somebody showed who he is: what the provider says of it, if that
// can be, else when it was asked to have him do so. Most sign in whom they know
// from before, so that nobody knows.
func (f flow) shown(said time.Time) time.Time {
	switch now := (clock.Real{}).Now(); {
	case said.IsZero() && f.Again:
		return f.Began
	case said.After(now.Add(flowSkew)):
		return time.Time{}
	}
	return said
}

// flowOf reads the cookie of the browser that began a sign-in.
func (s *Single) flowOf(r *http.Request) (f flow, err error) {
	cookie, err := r.Cookie(flowCookie)
	if err != nil {
		return f, err
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return f, err
	}
	plain, err := s.Sealer.Open(sealed, flowBinding)
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(plain, &f); err != nil {
		return f, err
	}
	if (clock.Real{}).Now().Sub(f.Began) > flowTime || f.State == "" {
		return f, errors.New("it is over")
	}
	return f, nil
}

// redeem turns a code into whom it is of.
func (s *Single) redeem(ctx context.Context, code, verifier string) (who vault.Caller, nonce string, shown time.Time, err error) {
	p, err := s.discover(ctx)
	if err != nil {
		return who, "", shown, err
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {s.Redirect}, "client_id": {s.ClientID}, "code_verifier": {verifier}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Token, nil)
	if err != nil {
		return who, "", shown, err
	}
	if s.Secret != nil {
		secret, err := s.Secret()
		if err != nil {
			return who, "", shown, err
		}
		r.SetBasicAuth(url.QueryEscape(s.ClientID), url.QueryEscape(secret.Reveal()))
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	r.Body = io.NopCloser(strings.NewReader(form.Encode()))
	r.ContentLength = int64(len(form.Encode()))
	var answer struct {
		IDToken string `json:"id_token"`
	}
	if err := s.fetch(r, &answer); err != nil {
		return who, "", shown, fmt.Errorf("redeem the code at %s: %w", p.Token, err)
	}
	return s.Verify(ctx, answer.IDToken, s.ClientID)
}
