package keyvault

import (
	"context"
	"net/http"

	"certwright/internal/client/signin"
)

// proven sends a request with a token, as Azure's SDKs do: the first goes out
// without one, and without its body, and the answer says where tokens are had
// and for what. Later ones show the token at once; one that is refused is had
// anew, once. Where the connection itself proves who calls, no token is had.
func (c *Client) proven(ctx context.Context, method, to string, body []byte) (answer, error) {
	if c.Proof == nil {
		return c.patient(ctx, method, to, "", body)
	}
	if c.known.Resource == "" {
		a, err := c.patient(ctx, method, to, "", nil)
		switch {
		case err != nil, a.status != http.StatusUnauthorized && body == nil:
			return a, err
		case a.status != http.StatusUnauthorized: // it asks nobody who he is
			return c.patient(ctx, method, to, "", body)
		}
		if err := c.challenged(ctx, a); err != nil {
			return a, err
		}
	}
	token, err := c.valid(ctx)
	if err != nil {
		return answer{}, err
	}
	a, err := c.patient(ctx, method, to, token, body)
	if err != nil || a.status != http.StatusUnauthorized {
		return a, err
	}
	return c.renewed(ctx, a, method, to, body)
}

// renewed asks once more with a token that is had anew, if there is another one.
func (c *Client) renewed(ctx context.Context, refused answer, method, to string, body []byte) (answer, error) {
	was := c.token.Value
	if err := c.challenged(ctx, refused); err != nil {
		return refused, err
	}
	if c.token.Value == was {
		return refused, nil
	}
	return c.patient(ctx, method, to, c.token.Value.Reveal(), body)
}

// challenged keeps what an answer says of tokens.
func (c *Client) challenged(ctx context.Context, a answer) (err error) {
	challenge, err := signin.Read(a.header.Get("WWW-Authenticate"), c.Vault.Host)
	if err != nil {
		return &Error{Status: a.status, Message: err.Error(), Hint: notAVault}
	}
	if c.token, err = c.Proof.Token(ctx, challenge); err == nil {
		c.known = challenge
	}
	return err
}

// valid returns the token, or another where it ends soon.
func (c *Client) valid(ctx context.Context) (string, error) {
	if c.token.Ends() {
		token, err := c.Proof.Token(ctx, c.known)
		if err != nil {
			return "", err
		}
		c.token = token
	}
	return c.token.Value.Reveal(), nil
}
