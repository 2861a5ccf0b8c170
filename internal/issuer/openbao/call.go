package openbao

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"

	"certwright/internal/outbound"
	"certwright/internal/vault"
)

// lost is an error of a call that the server may have carried out.
type lost struct{ error }

// Unwrap returns what went wrong.
func (l lost) Unwrap() error { return l.error }

func isLost(err error) bool {
	var l lost
	return errors.As(err, &l)
}

// A stranger is what answers at the server's address and is not one, such as a
// proxy that does not find it.
type stranger struct {
	host   string
	status int
}

// Error implements error.
func (s stranger) Error() string {
	return fmt.Sprintf("what answers %d at %s is not an OpenBao or Vault server; address must be that of one, with https if it speaks TLS", s.status, s.host)
}

// call asks the server. The error is a *refusal, or may pass; then it is in
// plain words, a *vault.RetryError where the server said when to come back, and
// lost where the server may have done what it was asked.
func (i *Issuer) call(ctx context.Context, who account, token vault.Hidden, path string, ask any) (reply, error) {
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	ctx, heard := outbound.Listen(ctx)
	status, r, err := i.exchange(ctx, who, token, path, ask)
	var odd stranger
	switch {
	case errors.As(err, &odd) && odd.status/100 != 2:
		return reply{}, err
	case err != nil && sent.Load():
		return reply{}, lost{i.unreachable(err)}
	case err != nil:
		return reply{}, i.unreachable(err)
	case status/100 == 2:
		return r, nil
	case passes(status):
		err = i.trouble(status, r)
		if status == http.StatusBadGateway || status == http.StatusGatewayTimeout {
			err = lost{err}
		}
		if after := heard.After(); after > 0 {
			err = &vault.RetryError{After: after, Err: err}
		}
		return reply{}, err
	}
	return reply{}, &refusal{host: i.host, path: path, status: status, words: r.words(status)}
}

// exchange sends one request and reads its answer, whatever it is.
func (i *Issuer) exchange(ctx context.Context, who account, token vault.Hidden, path string, ask any) (int, reply, error) {
	q, err := i.newRequest(ctx, token, path, ask)
	if err != nil {
		return 0, reply{}, err
	}
	answer, err := i.client.HTTP(who.name).Do(q)
	if err != nil {
		return 0, reply{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, reply{}, fmt.Errorf("read the answer: %w", err)
	}
	if answer.StatusCode/100 == 3 {
		return answer.StatusCode, reply{Errors: []string{answer.Header.Get("Location")}}, nil
	}
	var r reply
	if err := json.Unmarshal(text, &r); err != nil && answer.StatusCode < 500 {
		return 0, reply{}, stranger{i.host, answer.StatusCode}
	}
	return answer.StatusCode, r.without(token), nil
}

func (i *Issuer) newRequest(ctx context.Context, token vault.Hidden, path string, ask any) (*http.Request, error) {
	method, body := http.MethodGet, []byte(nil)
	if ask != nil {
		method = http.MethodPost
		var err error
		if body, err = json.Marshal(ask); err != nil {
			return nil, err
		}
	}
	q, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(i.Settings.Address, "/")+"/v1/"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	q.Header.Set("X-Vault-Request", "true") // agents and proxies may insist on it
	if token != "" {
		q.Header.Set("X-Vault-Token", token.Reveal())
	}
	if ask != nil {
		q.Header.Set("Content-Type", "application/json")
		if i.Settings.Namespace != "" {
			q.Header.Set("X-Vault-Namespace", i.Settings.Namespace)
		}
	}
	return q, nil
}

// unreachable says in plain words why no answer came.
func (i *Issuer) unreachable(err error) error {
	retry, hasTime := asRetry(err)
	switch {
	case hasTime && errors.Is(err, vault.ErrPaced):
		return retry
	case errors.As(err, new(stranger)):
		return err
	}
	hint := ""
	if unknown := (x509.UnknownAuthorityError{}); errors.As(err, &unknown) {
		hint = "; ca_bundle must hold the authority that its certificate comes from"
	}
	plainly := strings.TrimPrefix(outbound.Plainly(err), i.host+": ")
	told := fmt.Errorf("the OpenBao or Vault server at %s cannot be reached: %s%s", i.host, plainly, hint)
	if hasTime {
		return &vault.RetryError{After: retry.After, Err: told}
	}
	return told
}

func asRetry(err error) (r *vault.RetryError, ok bool) {
	ok = errors.As(err, &r)
	return r, ok
}

// ready asks whether the server can do anything now, and returns its version
// for people. No sign-in is needed, and namespaces do not have the call. A proxy
// that hides it does not matter.
func (i *Issuer) ready(ctx context.Context, who account) (version string, err error) {
	r, err := i.call(ctx, who, "", "sys/health?standbyok=true&perfstandbyok=true", nil)
	if _, refused := asRefusal(err); refused || errors.As(err, new(stranger)) {
		return "", nil
	}
	return plain(r.Version), err
}
