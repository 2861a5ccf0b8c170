package keyvault

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
)

// list goes through a collection page by page, as the answers link them. A page
// is asked for once the one before is done with, so that memory stays flat.
func list[T any](ctx context.Context, c *Client, path string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		q := url.Values{"api-version": {Version}}
		for name, values := range query {
			q[name] = values
		}
		for to := c.Vault.String() + path + "?" + q.Encode(); to != ""; {
			var page struct {
				Value []T    `json:"value"`
				Next  string `json:"nextLink"`
			}
			_, err := c.send(ctx, http.MethodGet, to, nil, &page)
			if err == nil {
				to, err = c.follows(to, page.Next)
			}
			for _, v := range page.Value {
				if !yield(v, nil) {
					return
				}
			}
			if err != nil {
				var none T
				yield(none, err)
				return
			}
		}
	}
}

// follows checks a link to the next page: a token goes to the vault alone, and
// a page that leads to itself never ends.
func (c *Client) follows(at, next string) (string, error) {
	if next == "" {
		return "", nil
	}
	u, err := url.Parse(next)
	if err != nil || u.Scheme != c.Vault.Scheme || place(u) != place(c.Vault) || u.User != nil || next == at {
		return "", &Error{Message: fmt.Sprintf("the list of %s goes on at %q, which is not a next page of it", c.Vault.Host, next), Hint: notAVault}
	}
	return next, nil
}

// place is a host with its port, which the service writes into its links though
// it is the usual one.
func place(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return strings.ToLower(u.Hostname()) + ":" + port
}
