package server

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"certwright/internal/clock"
	"certwright/internal/config"
	"certwright/internal/console/door"
	"certwright/internal/console/session"
	"certwright/internal/outbound"
	"certwright/internal/tokens"
	"certwright/internal/vault"
)

// openDoor makes how people sign in to the console of a production server.
func (s *entry) openDoor() (*door.Door, error) {
	d := &door.Door{Log: s.log, Audit: s.audit, Book: &session.Book{Accounts: s.accounts, Now: clock.Real{}.Now, Access: func() string { return s.now().granted }}}
	d.Address = func(r *http.Request) netip.Addr { return s.now().signIn.proxies.Address(r) }
	at := s.config.Console
	d.Still = func(who vault.Caller) bool {
		service, ok := s.now().tokens.(*tokens.Service)
		return who.Issuer != vault.ClientIssuer || ok && service.Has(who.Subject)
	}
	if at.Local {
		d.Local = consoleDoor{s, d.Book}.local
	}
	if o := at.OIDC; o != nil {
		calls, err := outbound.New(o.CABundle)
		if err != nil {
			return nil, err
		}
		d.Single = &door.Single{Name: o.Name, Issuer: s.config.ConsoleIssuer(), ClientID: o.ClientID, Scopes: o.Scopes, Sealer: s.seal, HTTP: calls.HTTP(""),
			Redirect: strings.TrimSuffix(at.PublicURL, "/") + "/ui/callback",
			Verify: func(ctx context.Context, idToken, audience string) (vault.Caller, string, time.Time, error) {
				return s.now().signIn.verifier.IDToken(ctx, idToken, s.config.ConsoleIssuer(), audience)
			}}
		if d.Single.Name == "" {
			d.Single.Name = o.Issuer
		}
		if o.ClientSecretFile != "" {
			d.Single.Secret = func() (vault.Hidden, error) { return outbound.ReadSecret("client_secret_file", o.ClientSecretFile) }
		}
	}
	return d, nil
}

// granted names what is in force of who may sign in and do what: with another,
// people sign in to the console again.
func granted(c config.Config) string {
	text, err := json.Marshal(c.Auth.URLs())
	if err != nil {
		text = nil // names and addresses are plain values
	}
	return accessFact(c).Value + string(text)
}

// calledBy refuses requests under another name than that of a URL.
func calledBy(publicURL string) func(*http.Request) error {
	return func(r *http.Request) error {
		u, err := url.Parse(publicURL)
		if err == nil && strings.EqualFold(strings.TrimSuffix(u.Host, ":443"), strings.TrimSuffix(r.Host, ":443")) {
			return nil
		}
		return &vault.Error{Reason: vault.Denied, Code: "Forbidden", Message: "The console is called " + publicURL + " (public_url of the configuration), and by no other name."}
	}
}

// A consoleDoor is who lets people in.
type consoleDoor struct {
	s    *entry
	book *session.Book
}

// link makes a link that signs in, once, who asks for it at the side door.
func (d consoleDoor) link(r *http.Request) (string, error) {
	who, err := d.s.now().signIn.authenticate(r)
	if err != nil {
		return "", err
	}
	token, err := d.book.Link(r.Context(), who)
	return strings.TrimSuffix(d.s.config.Console.PublicURL, "/") + "/ui/link?token=" + token, err
}

// local signs a client of the token service in: it is given a token, under the
// limits that are there and with a line in the audit log, and is whom that names.
func (d consoleDoor) local(r *http.Request, client, secret string) (who vault.Caller, err error) {
	now := d.s.now()
	issuer, err := url.Parse(now.config.Auth.TokenService.Issuer)
	if err != nil || now.tokens == nil {
		return who, vault.NoRoute("/ui/signin")
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {secret}, "scope": {"https://vault.azure.net/.default"}}
	asked := r.Clone(r.Context())
	asked.Method, asked.Host, asked.RequestURI = http.MethodPost, issuer.Host, ""
	asked.URL = &url.URL{Path: strings.TrimSuffix(issuer.Path, "/") + "/oauth2/token"}
	asked.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "X-Forwarded-For": r.Header.Values("X-Forwarded-For")}
	asked.Form, asked.PostForm, asked.MultipartForm = nil, nil, nil
	asked.Body, asked.ContentLength = body(form.Encode()), int64(len(form.Encode()))
	answer := &kept{header: http.Header{}, status: http.StatusOK}
	now.tokens.ServeHTTP(answer, asked)
	var said struct {
		Token string `json:"access_token"`
		Why   string `json:"error_description"`
	}
	if err := json.Unmarshal(answer.text.Bytes(), &said); err != nil || said.Token == "" {
		reason, message := vault.Denied, "The client id or the secret is wrong, or the secret has ended."
		if answer.status == http.StatusTooManyRequests {
			reason, message = vault.Throttled, "Too many sign-ins from here: wait a minute."
		}
		return who, &vault.Error{Reason: reason, Code: "Forbidden", Message: message}
	}
	bearer := r.Clone(r.Context())
	bearer.Header = http.Header{"Authorization": {"Bearer " + said.Token}, "X-Forwarded-For": r.Header.Values("X-Forwarded-For")}
	return now.signIn.authenticate(bearer)
}

type reader struct{ *strings.Reader }

func (reader) Close() error { return nil }

func body(text string) reader { return reader{strings.NewReader(text)} }

// kept is an answer that is read here.
type kept struct {
	header http.Header
	status int
	text   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (k *kept) Header() http.Header { return k.header }

// WriteHeader implements http.ResponseWriter.
func (k *kept) WriteHeader(status int) { k.status = status }

// Write implements http.ResponseWriter.
func (k *kept) Write(p []byte) (int, error) { return k.text.Write(p) }

// quietAccess asks the permissions in force without a line in the audit log: for
// what pages show.
type quietAccess struct{ s *entry }

// Authorize implements vault.Authorizer.
func (a quietAccess) Authorize(ctx context.Context, who vault.Caller, do vault.Action, on vault.Ref) error {
	return a.s.now().decide.Authorize(ctx, who, do, on)
}
