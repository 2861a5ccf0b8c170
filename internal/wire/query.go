package wire

import (
	"net/url"
	"strconv"
	"strings"

	"certwright/internal/vault"
)

// A Query holds a request's decoded parameters as they were sent; JavaScript
// sends api%2Dversion, Go %24skiptoken (docs/contract/wire.md).
type Query []parameter

type parameter struct{ name, value string }

// ParseQuery decodes the query string of a URL.
func ParseQuery(raw string) (Query, error) {
	var q Query
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, badName := url.QueryUnescape(name)
		value, badValue := url.QueryUnescape(value)
		if badName != nil || badValue != nil || strings.Contains(pair, ";") {
			return nil, vault.Bad("The query string cannot be decoded.")
		}
		q = append(q, parameter{name, value})
	}
	return q, nil
}

// Get returns the first value of a parameter. Names are compared without case,
// but one that is spelled the same comes first.
func (q Query) Get(name string) string {
	for _, p := range q {
		if p.name == name {
			return p.value
		}
	}
	for _, p := range q {
		if strings.EqualFold(p.name, name) {
			return p.value
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
