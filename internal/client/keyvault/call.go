package keyvault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const maxAnswer = 16 << 20 // bytes

// A request is one call; in, unless nil, is its body as JSON.
type request struct {
	method, path string
	query        url.Values // beside api-version
	in           any
}

// An answer is what came of it.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// call asks and reads the answer into out, unless that is nil.
func (c *Client) call(ctx context.Context, q request, out any) (answer, error) {
	query := url.Values{"api-version": {Version}}
	for name, values := range q.query {
		query[name] = values
	}
	at := *c.Vault
	at.Path, at.RawPath = "", ""
	return c.send(ctx, q.method, at.String()+q.path+"?"+query.Encode(), q.in, out)
}

func (c *Client) send(ctx context.Context, method, to string, in, out any) (a answer, err error) {
	var body []byte
	if in != nil {
		if body, err = json.Marshal(in); err != nil {
			return a, fmt.Errorf("write the request: %w", err)
		}
	}
	if a, err = c.proven(ctx, method, to, body); err != nil {
		return a, err
	}
	if a.status >= 300 {
		return a, refusal(a)
	}
	if out == nil || len(a.body) == 0 {
		return a, nil
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		return a, &Error{Status: a.status, Message: "the answer of " + c.Vault.Host + " is not what Key Vault sends: " + err.Error(), Hint: notAVault}
	}
	return a, nil
}

const notAVault = "is it a vault? --vault names another one"

// patient sends once, and again where the server says that it is only busy: as
// often and as long as it bears.
func (c *Client) patient(ctx context.Context, method, to, token string, body []byte) (answer, error) {
	for try := 1; ; try++ {
		a, err := c.once(ctx, method, to, token, body)
		if err != nil || !busy(a.status) || try == mostTries {
			return a, err
		}
		if err := c.Wait(ctx, pause(a.header, try)); err != nil {
			return a, err
		}
	}
}

const (
	mostTries = 4
	longest   = time.Minute // between two tries
)

// busy reports whether a status says that nothing was done, but may be later.
func busy(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
}

// pause is how long to wait before the next try: what the server says, within
// reason, else longer each time.
func pause(h http.Header, try int) time.Duration {
	if said, ok := retryAfter(h); ok {
		return min(said, longest)
	}
	return time.Second << (try - 1)
}

// once sends one request.
func (c *Client) once(ctx context.Context, method, to, token string, body []byte) (a answer, err error) {
	r, err := http.NewRequestWithContext(ctx, method, to, bytes.NewReader(body))
	if err != nil {
		return a, fmt.Errorf("write the request: %w", err)
	}
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	got, err := c.HTTP.Do(r)
	if err != nil {
		return a, unanswered(c.Vault.Host, err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(io.LimitReader(got.Body, maxAnswer+1))
	if err == nil && len(text) > maxAnswer {
		err = errors.New("it is too large")
	}
	if err != nil {
		return a, unanswered(c.Vault.Host, err)
	}
	return answer{got.StatusCode, got.Header, text}, nil
}
