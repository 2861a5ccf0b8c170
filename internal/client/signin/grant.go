package signin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"certwright/internal/print"
	"certwright/internal/vault"
)

// A Client signs in as a client of the authority: by a secret, by an assertion
// that its certificate's key signs, or by the token of a workload.
type Client struct {
	ID     string
	Secret vault.Hidden
	Key    *Certificate                 // signs an assertion in place of the secret
	Bear   func() (vault.Hidden, error) // reads an assertion of another issuer in place of it
	Host   string                       // the authority's scheme and host; "" takes a known one from the challenge
	Tenant string                       // "" takes the challenge's
	HTTP   *http.Client
}

// Token asks the authority (RFC 6749, 4.4).
func (c Client) Token(ctx context.Context, ch Challenge) (Token, error) {
	endpoint, err := c.endpoint(ch)
	if err != nil {
		return Token{}, err
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ID}, "scope": {strings.TrimSuffix(ch.Resource, "/") + "/.default"}}
	switch {
	case c.Key != nil:
		text, err := c.Key.assertion(c.ID, endpoint, time.Now())
		if err != nil {
			return Token{}, err
		}
		form.Set("client_assertion", text)
	case c.Bear != nil:
		text, err := c.Bear()
		if err != nil {
			return Token{}, err
		}
		form.Set("client_assertion", strings.TrimSpace(text.Reveal()))
	default:
		form.Set("client_secret", c.Secret.Reveal())
	}
	if form.Has("client_assertion") {
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	}
	return c.ask(ctx, endpoint, form)
}

// known are the authorities of Azure's clouds, which a challenge may name.
var known = []string{"https://login.microsoftonline.com", "https://login.windows.net", "https://login.microsoftonline.us", "https://login.partner.microsoftonline.cn", "https://login.chinacloudapi.cn"}

// endpoint is where tokens are had. What a challenge names is believed only of
// the vault's own server and of Azure's: the secret goes there.
func (c Client) endpoint(ch Challenge) (string, error) {
	host := strings.TrimSuffix(c.Host, "/")
	if host == "" {
		host = ch.Authority
		if !slices.Contains(known, host) && !sameHouse(host, ch.Resource) {
			return "", fmt.Errorf("the vault sends its clients to %s to sign in, which is not known: no secret was sent there\nhint: if it is yours, set AZURE_AUTHORITY_HOST=%s", host, host)
		}
	}
	tenant := c.Tenant
	if tenant == "" {
		tenant = ch.Tenant
	}
	way := "/oauth2/v2.0/token"
	if strings.EqualFold(tenant, "adfs") {
		way = "/oauth2/token"
	}
	return host + "/" + url.PathEscape(tenant) + way, nil
}

// sameHouse reports whether an authority is at the host that tokens are for, or
// below it.
func sameHouse(authority, resource string) bool {
	a, err := url.Parse(authority)
	if err != nil {
		return false
	}
	r, err := url.Parse(resource)
	return err == nil && (a.Host == r.Host || strings.HasSuffix(a.Host, "."+r.Host))
}

const maxToken = 1 << 20

func (c Client) ask(ctx context.Context, endpoint string, form url.Values) (Token, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return Token{}, fmt.Errorf("sign in at %q: %w", endpoint, err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	return fetch(c.HTTP, r)
}

// fetch asks for a token and reads it, or why there is none.
func fetch(by *http.Client, r *http.Request) (Token, error) {
	at := r.URL.Scheme + "://" + r.URL.Host
	got, err := by.Do(r)
	if err != nil {
		why, hint := Unreached(err)
		return Token{}, fmt.Errorf("sign in at %s: %s\nhint: %s", at, why, hint)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(io.LimitReader(got.Body, maxToken))
	if err != nil {
		return Token{}, fmt.Errorf("sign in at %s: %w", at, err)
	}
	var said struct {
		Token   string      `json:"access_token"`
		Expires json.Number `json:"expires_in"` // a string of older endpoints
		Error   string      `json:"error"`
		Why     string      `json:"error_description"`
	}
	bad := json.Unmarshal(text, &said)
	if got.StatusCode != http.StatusOK || bad != nil || said.Token == "" {
		return Token{}, &Error{At: at, Status: got.StatusCode, Code: print.Plain(said.Error), Why: print.Plain(said.Why)}
	}
	t := Token{Value: vault.Hidden(said.Token)}
	if n, err := said.Expires.Int64(); err == nil && n > 0 {
		t.Until = time.Now().Add(time.Duration(n) * time.Second)
	}
	return t, nil
}

// An Error is why an authority gave no token.
type Error struct {
	At     string
	Status int
	Code   string // as invalid_client
	Why    string // in its words
}

// Error returns what it said, and a hint.
func (e *Error) Error() string {
	why := e.Why
	if why == "" {
		why = fmt.Sprintf("it answers %d %s", e.Status, http.StatusText(e.Status))
	}
	return "sign in at " + e.At + ": " + why + "\nhint: are the client's id, its secret or certificate and the tenant right? AZURE_TENANT_ID names a tenant"
}

// StatusOf returns the answer's HTTP status: nobody may come in.
func (e *Error) StatusOf() int {
	if e.Status >= 500 {
		return e.Status
	}
	return http.StatusUnauthorized
}
