package client

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
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
