package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// maxAnswer bounds what a token service may answer, in bytes.
const maxAnswer = 64 << 10

// patience is how long a token may take.
const patience = 30 * time.Second

// Socket gets tokens at the socket of a server on this machine, which knows the
// user that asks.
type Socket struct{ client *http.Client }

// NewSocket returns the source behind a socket.
func NewSocket(path string) Socket {
	return Socket{&http.Client{Timeout: patience, Transport: &http.Transport{
		IdleConnTimeout: 10 * time.Second, // before the server ends them
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
	}}}
}

// Get implements Source.
func (s Socket) Get(ctx context.Context, resource, client string) (Answer, error) {
	q := url.Values{"api-version": {"2019-08-01"}, "resource": {resource}}
	if client != "" {
		q.Set("client_id", client)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://socket"+tokenPath+"?"+q.Encode(), nil)
	if err != nil {
		return Answer{}, err
	}
	return send(s.client, r)
}

// send asks, and bounds what comes back.
func send(c *http.Client, r *http.Request) (a Answer, err error) {
	resp, err := c.Do(r)
	if err != nil {
		var asked *url.Error
		if errors.As(err, &asked) {
			err = asked.Err // without what was asked
		}
		return a, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && (len(text) > maxAnswer || !json.Valid(text)) {
		err = fmt.Errorf("its answer with status %d is not the JSON of a token service", resp.StatusCode)
	}
	return Answer{Status: resp.StatusCode, RetryAfter: resp.Header.Get("Retry-After"), Body: text}, err
}
