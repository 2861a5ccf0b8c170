package wire

import (
	"net/url"
	"strconv"
	"strings"

	"certwright/internal/vault"
)

// A Query holds a request's decoded parameters; JavaScript sends api%2Dversion,
// Go %24skiptoken (docs/contract/wire.md).
type Query map[string][]string

// ParseQuery decodes the query string of a URL.
func ParseQuery(raw string) (Query, error) {
	q, err := url.ParseQuery(raw)
	if err != nil {
		return nil, vault.Bad("The query string cannot be decoded.")
	}
	return Query(q), nil
}

// Get returns the first value of a parameter; names are compared without case.
func (q Query) Get(name string) string {
	if v, ok := q[name]; ok {
		return v[0]
	}
	for k, v := range q {
		if strings.EqualFold(k, name) {
			return v[0]
		}
	}
	return ""
}

// Flag reads a boolean parameter; absent or empty is false.
func (q Query) Flag(name string) (bool, error) {
	switch strings.ToLower(q.Get(name)) {
	case "true":
		return true, nil
	case "", "false":
		return false, nil
	}
	return false, vault.Bad("The query parameter %s must be true or false.", name)
}

// maxPage is the largest and the usual page of a list (docs/contract/wire.md).
const maxPage = 25

// Limit reads maxresults. asked is its text where the client sent it.
func (q Query) Limit() (n int, asked string, err error) {
	asked = q.Get("maxresults")
	if asked == "" {
		return maxPage, "", nil
	}
	n, err = strconv.Atoi(asked)
	if err != nil || n < 1 || n > maxPage {
		return 0, "", vault.Bad("The query parameter maxresults must be a whole number from 1 to %d.", maxPage)
	}
	return n, strconv.Itoa(n), nil
}
