package arm

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
)

// A call is one request, taken apart.
type call struct {
	ctx      context.Context
	at, host string // scheme, host and port; the Host header
	path     string
	query    url.Values

	subscription, group, vault string // of the path; "" where it names none
	filter                     filter
	limit                      int    // of a page
	after                      string // the name that a page goes on after
}

// The most that a name in a path may have, and the most and the usual of a page.
const (
	maxName   = 90
	maxPage   = 1000
	usualPage = 100
)

// read reads the query and checks the names.
func (c *call) read(r *http.Request) (err error) {
	for _, name := range []string{c.subscription, c.group} {
		if len(name) > maxName {
			return badName(name[:maxName])
		}
	}
	if c.query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		return badQuery
	}
	if c.filter, err = parseFilter(c.query.Get("$filter")); err != nil {
		return err
	}
	c.limit = usualPage
	if top := c.query.Get("$top"); top != "" {
		n, err := strconv.Atoi(top)
		if err != nil || n < 1 {
			return badTop
		}
		c.limit = min(n, maxPage)
	}
	after, err := base64.RawURLEncoding.DecodeString(c.query.Get("$skiptoken"))
	if err != nil || len(after) > maxName {
		return badToken
	}
	c.after = string(after)
	return nil
}

// A list is a page, with the address of the next one if there is one.
type list struct {
	Value    any    `json:"value"`
	NextLink string `json:"nextLink,omitempty"`
}

// none answers lists of what there never is here.
func none(*Service, call) (any, error) { return list{Value: []any{}}, nil }

// next returns the address of the page after a name.
func (c call) next(after string) string {
	q := url.Values{}
	for name, values := range c.query {
		q[name] = values
	}
	q.Set("$skiptoken", base64.RawURLEncoding.EncodeToString([]byte(after)))
	return c.at + (&url.URL{Path: c.path}).EscapedPath() + "?" + q.Encode()
}
