package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
)

// Vaults returns an HTTP client for the listener of the vaults: it trusts the server
// and, as SDKs do, follows no redirect.
func (c *Client) Vaults() (*http.Client, error) {
	text, err := os.ReadFile(c.At.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read the server's authority: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read the server's authority: %s holds no certificate in PEM", c.At.CAFile)
	}
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// VaultNames are the vaults that a development server lists in its management
// plane; a production server has none there.
func (c *Client) VaultNames(ctx context.Context) (names []string, err error) {
	by, err := c.Vaults()
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.At.IPURL+"/subscriptions/-/providers/Microsoft.KeyVault/vaults?api-version=2022-07-01", nil)
	if err != nil {
		return nil, fmt.Errorf("read where the server is: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+cmp.Or(c.Token.Reveal(), "-"))
	text, err := fetched(by, r)
	if err != nil {
		return nil, err
	}
	var list struct{ Value []struct{ Name string } }
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, &Error{Message: "read the server's answer: " + err.Error(), Hint: logHint, cause: err}
	}
	for _, v := range list.Value {
		names = append(names, v.Name)
	}
	return names, nil
}

// Published returns a file that the server's built-in CAs publish: the roots
// of one are the name of its provider and ".pem".
func (c *Client) Published(ctx context.Context, file string) ([]byte, error) {
	ctx, stop := context.WithTimeout(ctx, answerTime)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.At.HTTPURL+"/pki/"+url.PathEscape(file), nil)
	if err != nil {
		return nil, fmt.Errorf("read where the server is: %w", err)
	}
	return fetched(c.side, r)
}

// fetched is the body of an answer that gives what was asked for.
func fetched(by *http.Client, r *http.Request) ([]byte, error) {
	answer, err := by.Do(r)
	if err != nil {
		return nil, &Error{Message: "ask the server: " + err.Error(), Hint: logHint, cause: err}
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil || answer.StatusCode != http.StatusOK {
		return nil, &Error{Status: answer.StatusCode, Message: "the server answers " + answer.Status, cause: err}
	}
	return text, nil
}
