package digicert

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"certwright/internal/outbound"
	"certwright/internal/vault"
)

// slow is how long to keep away after a 429, whose sender names no time: its
// windows are rolling ones of 5 seconds and 3 minutes.
const slow = 30 * time.Second

// A refusal is CertCentral's own no.
type refusal struct {
	Status        int
	Code, Message string
}

// Error returns the authority's words.
func (r *refusal) Error() string {
	switch {
	case r.Message == "":
		return "CertCentral refused: " + r.Code
	case r.Code == "":
		return "CertCentral refused: " + r.Message
	}
	return fmt.Sprintf("CertCentral refused: %s (%s)", r.Message, r.Code)
}

// lost is a call of which nobody knows whether it was carried out, or, where
// idle is set, one that surely was not.
type lost struct {
	idle bool
	err  error
}

// Error returns the cause.
func (l *lost) Error() string { return l.err.Error() }

// Unwrap returns the cause.
func (l *lost) Unwrap() error { return l.err }

// idle reports whether the call behind err surely had no effect.
func idle(err error) bool {
	var l *lost
	return errors.As(err, &l) && l.idle
}

func refused(err error) (*refusal, bool) {
	var r *refusal
	ok := errors.As(err, &r)
	return r, ok
}

// A caller calls CertCentral with one API key.
type caller struct {
	http *http.Client
	base string
	key  vault.Hidden
}

func (i *Issuer) caller(key vault.Hidden) caller {
	sum := sha256.Sum256([]byte(key.Reveal())) // the pace belongs to the key, which shall not lie about
	return caller{http: i.client.HTTP(hex.EncodeToString(sum[:8])), base: i.Settings.BaseURL, key: key}
}

// call sends one request and reads a JSON answer into out, if there is an out.
// The error is a *refusal or a *lost.
func (c caller) call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	body, err := c.raw(ctx, method, path, query, in)
	if err != nil || out == nil {
		return err
	}
	return decode(body, out)
}

// decode reads an answer. One that cannot be read is as good as lost.
func decode(body []byte, out any) error {
	if err := json.Unmarshal(body, out); err != nil {
		return &lost{err: fmt.Errorf("CertCentral's answer cannot be read: %w", err)}
	}
	return nil
}

// raw is call for an answer that is no JSON.
func (c caller) raw(ctx context.Context, method, path string, query url.Values, in any) ([]byte, error) {
	r, err := c.request(ctx, method, path, query, in)
	if err != nil {
		return nil, &lost{idle: true, err: err}
	}
	ctx, heard := outbound.Listen(ctx)
	answer, err := c.http.Do(r.WithContext(ctx))
	if err != nil {
		return nil, unreached(err)
	}
	body, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if err != nil {
		return nil, &lost{err: fmt.Errorf("CertCentral's answer broke off: %w", err)}
	}
	return body, judge(answer.StatusCode, body, heard.After())
}

func (c caller) request(ctx context.Context, method, path string, query url.Values, in any) (*http.Request, error) {
	address := c.base + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	var body io.Reader
	if in != nil {
		body = bytes.NewReader(encode(in))
	}
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	r.Header.Set("X-DC-DEVKEY", c.key.Reveal())
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, */*")
	r.Header.Set("User-Agent", "certwright")
	return r, nil
}

// unreached sorts the failures of a call that got no answer.
func unreached(err error) error {
	var later *vault.RetryError
	if errors.As(err, &later) { // the account's pace: the call was never made
		return &lost{idle: true, err: later}
	}
	var op *net.OpError
	before := errors.As(err, &op) && op.Op == "dial"
	return &lost{idle: before, err: fmt.Errorf("CertCentral cannot be reached: %s", outbound.Plainly(err))}
}

// judge sorts an answer by its status.
func judge(status int, body []byte, after time.Duration) error {
	if status >= 200 && status < 300 {
		return nil
	}
	code, message := readRefusals(body)
	switch {
	case status == http.StatusTooManyRequests:
		if after == 0 {
			after = slow
		}
		return &lost{idle: true, err: &vault.RetryError{After: after, Err: errors.New("CertCentral asks to slow down (429)")}}
	case status >= 400 && status < 500 && code != "" && status != http.StatusNotAcceptable && status != http.StatusRequestTimeout:
		return &refusal{Status: status, Code: code, Message: message}
	case message != "":
		return &lost{err: fmt.Errorf("CertCentral answered %d: %s", status, message)}
	case status >= 300 && status < 400:
		return &lost{err: fmt.Errorf("CertCentral answered %d, which leads elsewhere: is base_url right?", status)}
	}
	return &lost{err: fmt.Errorf("CertCentral answered %d", status)}
}
