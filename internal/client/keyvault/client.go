package keyvault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"certwright/internal/client/signin"
)

// Version is the api-version that every call asks for: what Azure's SDKs for
// certificates and keys ask for too.
const Version = "2025-07-01"

// A Client calls one vault. Its fields are set before the first call.
type Client struct {
	Vault *url.URL      // scheme and host
	HTTP  *http.Client  // follows no redirect; see NoRedirect
	Proof signin.Source // where tokens come from; nil: the connection proves who calls
	Wait  func(ctx context.Context, d time.Duration) error
	known signin.Challenge // once the vault said it
	token signin.Token
}

// New returns a client of the vault at an address, which is all that is kept of it.
func New(vault string, by *http.Client, proof signin.Source) (*Client, error) {
	u, err := url.Parse(vault)
	switch {
	case err != nil, u.Host == "", u.Scheme != "https":
		return nil, fmt.Errorf("%q is not the address of a vault\nhint: it is as in https://web.vault.azure.net", vault)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil:
		return nil, fmt.Errorf("%q is more than the address of a vault\nhint: name the vault alone: https://%s", vault, u.Host)
	}
	return &Client{Vault: &url.URL{Scheme: u.Scheme, Host: u.Host}, HTTP: by, Proof: proof, Wait: wait}, nil
}

// NoRedirect is how an http.Client does not follow a redirect: tokens are for
// the vault alone.
func NoRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// The collections of a vault.
type (
	// Certificates are those of a vault.
	Certificates struct{ c *Client }
	// Operations are the pending operations of certificates.
	Operations struct{ c *Client }
	// Issuers are those of a vault.
	Issuers struct{ c *Client }
	// Contacts are who a vault writes to.
	Contacts struct{ c *Client }
	// Keys are those of a vault, those of certificates among them.
	Keys struct{ c *Client }
	// Secrets are those of a vault, those of certificates among them.
	Secrets struct{ c *Client }
)

// Certificates returns those of the vault.
func (c *Client) Certificates() Certificates { return Certificates{c} }

// Operations returns the pending operations of its certificates.
func (c *Client) Operations() Operations { return Operations{c} }

// Issuers returns those of the vault.
func (c *Client) Issuers() Issuers { return Issuers{c} }

// Contacts returns those of the vault.
func (c *Client) Contacts() Contacts { return Contacts{c} }

// Keys returns those of the vault.
func (c *Client) Keys() Keys { return Keys{c} }

// Secrets returns those of the vault.
func (c *Client) Secrets() Secrets { return Secrets{c} }

// ErrName is the cause of an error about a name that no object can have.
var ErrName = errors.New("not a valid name")

// path writes the segments of a path; texts of callers stay one segment.
func path(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteString("/" + url.PathEscape(s))
	}
	return b.String()
}

// named is path for what has a name, which Azure calls by 1 to 127 characters of
// 0-9, a-z, A-Z and -. Others never leave this machine: they would be another path.
func named(name string, before string, after ...string) (string, error) {
	if name == "" || len(name) > 127 || strings.Trim(name, nameBytes) != "" {
		return "", fmt.Errorf("%q is %w\nhint: use 1 to 127 characters of 0-9, a-z, A-Z and -", name, ErrName)
	}
	return path(append([]string{before, name}, after...)...), nil
}

const nameBytes = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-"
