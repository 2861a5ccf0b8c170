package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"certwright/internal/clientenv"
	"certwright/internal/vault"
)

const (
	answerTime = 2 * time.Second // for a server to say that it is there
	workTime   = time.Minute     // for it to do what is asked, which may take an authority's answer
	maxAnswer  = 16 << 20        // bytes
)

// TokenVariable names the variable of the environment with the bearer token that
// a production server is shown.
const TokenVariable = "CERTWRIGHT_TOKEN"

// A Client calls one running server. No proxy is used: the server is on this
// machine.
type Client struct {
	At    clientenv.Ready
	Token vault.Hidden // "" where the server asks for none

	side *http.Client
}

// New returns a client of the server at a place. It calls nothing yet.
func New(at clientenv.Ready) *Client {
	return &Client{At: at, side: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
}

// call asks the side door for a path, with in as the JSON body unless it is nil,
// and reads the answer into out unless that is nil.
func (c *Client) call(ctx context.Context, within time.Duration, method, path string, in, out any) error {
	ctx, stop := context.WithTimeout(ctx, within)
	defer stop()
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("write the request: %w", err)
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.At.HTTPURL+path, body)
	if err != nil {
		return fmt.Errorf("read where the server is: %w", err)
	}
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token.Reveal())
	}
	answer, err := c.side.Do(r)
	if err != nil {
		return &Error{Message: "ask the server: " + err.Error(), Hint: logHint, cause: err}
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return &Error{Message: "read the server's answer: " + err.Error(), Hint: logHint, cause: err}
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		return refusal(answer, text)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return &Error{Message: "read the server's answer: " + err.Error(), Hint: logHint, cause: err}
	}
	return nil
}

// get and post are call for most of what there is.
func get[T any](ctx context.Context, c *Client, path string) (out T, err error) {
	err = c.call(ctx, workTime, http.MethodGet, path, nil, &out)
	return out, err
}

func post[T any](ctx context.Context, c *Client, path string, in any) (out T, err error) {
	err = c.call(ctx, workTime, http.MethodPost, path, in, &out)
	return out, err
}
