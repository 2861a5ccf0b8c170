package acme

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"certwright/internal/outbound"
	"certwright/internal/vault"
)

const (
	agent       = "certwright"
	stepTime    = 45 * time.Second // what one Step may take
	maxSessions = 1000
)

// A session is one account's library client, kept for its nonces.
type session struct {
	*acme.Client
	directory string // version
}

// session returns the client of an account.
func (i *Issuer) session(d directory, account string) *acme.Client {
	i.memory.mu.Lock()
	defer i.memory.mu.Unlock()
	s, ok := i.memory.sessions[account]
	if ok && s.directory == d.version {
		return s.Client
	}
	if len(i.memory.sessions) >= maxSessions {
		clear(i.memory.sessions)
	}
	wire := i.Client.HTTPWhere(account, d.shared)
	wire.Transport = library{directory: d.stripped, reach: d.reach, next: wire.Transport}
	// a negative PollTimeout keeps FinalizeOrder from waiting (docs/issuers/acme.md)
	c := &acme.Client{Directory: i.Settings.Directory + "#" + d.version, HTTPClient: wire, UserAgent: agent, PollTimeout: -1, PollInterval: 1}
	i.memory.sessions[account] = session{Client: c, directory: d.version}
	return c
}

// shared reports whether a request is the same for every order of an account: a
// limit on it binds them all (RFC 8555 section 6.6).
func (d directory) shared(r *http.Request) bool {
	address := r.URL.String()
	return address == d.NewNonce || address == d.NewAccount
}

// lastAnswer hears what the library does not tell: the last answer's status, and its
// Retry-After.
type lastAnswer struct {
	*outbound.Heard
	status int
}

type listening struct{}

// listen returns a context for the calls of one question.
func listen(ctx context.Context) (context.Context, *lastAnswer) {
	ctx, heard := outbound.Listen(ctx)
	e := &lastAnswer{Heard: heard}
	return context.WithValue(ctx, listening{}, e), e
}

// note is called on the goroutine of the question.
func note(ctx context.Context, status int) {
	if e, ok := ctx.Value(listening{}).(*lastAnswer); ok {
		e.status = status
	}
}

// gone reports whether the authority knows no such thing. Pebble says so
// without a problem document (docs/issuers/acme.md).
func (e *lastAnswer) gone() bool { return e.status == http.StatusNotFound }

// trouble is err as Step returns it: transient, in plain words, with the time
// to come back where the authority or the account's pace said so.
func (e *lastAnswer) trouble(err error) error {
	var retry *vault.RetryError
	if errors.As(err, &retry) {
		return retry
	}
	if p, ok := problem(err); ok {
		err = fmt.Errorf("the authority answered: %s", words(p))
	} else {
		err = plain{text: vault.Clip(outbound.Plainly(err), 300), err: err}
	}
	if after := e.After(); after > 0 {
		return &vault.RetryError{After: after, Err: err}
	}
	return err
}

// plain is an error in words for people, with its cause.
type plain struct {
	text string
	err  error
}

// Error implements error.
func (p plain) Error() string { return p.text }

// Unwrap returns the cause.
func (p plain) Unwrap() error { return p.err }
