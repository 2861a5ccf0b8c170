package api

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"certwright/internal/vault"
	"certwright/internal/wire"
)

// A router finds the row of a request. It matches the path before the method,
// so that a word of the API never gives way to a name and a wrong method is
// told apart from an unknown path.
type router struct {
	root    *node
	longest int // segments of the longest pattern
}

// A node is a place in the tree of patterns: the words that may follow, in
// lower case, and what follows a name.
type node struct {
	words   map[string]*node
	any     *node
	pattern []string // that ends here, split at slashes
	methods map[string]*row
}

func newRouter(table []row) (*router, error) {
	rt := &router{root: &node{words: map[string]*node{}}}
	for i, r := range table {
		n := rt.root.grow(strings.Split(r.path[1:], "/"))
		if n.methods[r.method] != nil {
			return nil, fmt.Errorf("api: two rows for %s %s", r.method, r.path)
		}
		n.methods[r.method] = &table[i]
		rt.longest = max(rt.longest, len(n.pattern))
	}
	return rt, nil
}

// grow returns the node of a pattern.
func (n *node) grow(pattern []string) *node {
	for _, s := range pattern {
		switch word := strings.ToLower(s); {
		case s[0] == '{':
			if n.any == nil {
				n.any = &node{words: map[string]*node{}}
			}
			n = n.any
		default:
			if n.words[word] == nil {
				n.words[word] = &node{words: map[string]*node{}}
			}
			n = n.words[word]
		}
	}
	if n.methods == nil {
		n.pattern, n.methods = pattern, map[string]*row{}
	}
	return n
}

// find returns the node that segments lead to; nil for none. A word is tried
// before a name, and below a collection it is never one: contacts, issuers and
// restore shadow certificates of those names (docs/contract/wire.md), while an
// issuer may be called pending.
func (n *node) find(segs []string, depth int) *node {
	if len(segs) == depth {
		if n.methods == nil {
			return nil
		}
		return n
	}
	if word := n.words[strings.ToLower(segs[depth])]; word != nil {
		if found := word.find(segs, depth+1); found != nil || depth == 1 {
			return found
		}
	}
	if n.any == nil {
		return nil
	}
	return n.any.find(segs, depth+1)
}

// A route is what a request's path means.
type route struct {
	row                   *row
	name, version, issuer string   // as typed
	allow                 []string // the methods there are, where row is nil
}

// find returns the route, or a refusal: 404 for an unknown path, 405 for a
// wrong method.
func (rt *router) find(method, escaped string) (route, error) {
	segs, ok := wire.Segments(escaped, rt.longest)
	switch {
	case !ok:
		return route{}, vault.Bad("The path cannot be decoded.")
	case len(segs) > rt.longest:
		return route{}, vault.NoRoute(printable(escaped))
	}
	at := rt.root.find(segs, 0)
	if at == nil {
		return route{}, vault.NoRoute(printable(spelled(segs)))
	}
	to := route{row: at.methods[method]}
	for i, s := range at.pattern {
		switch s {
		case "{name}":
			to.name = segs[i]
		case "{version}":
			to.version = segs[i]
		case "{issuer}":
			to.issuer = segs[i]
		}
	}
	if to.row == nil {
		for m := range at.methods {
			to.allow = append(to.allow, m)
		}
		slices.Sort(to.allow)
		return to, vault.WrongMethod(printable(method))
	}
	return to, nil
}

// spelled is a path for a message.
func spelled(segs []string) string {
	var path strings.Builder
	for _, s := range segs {
		path.WriteString("/" + url.PathEscape(s))
	}
	return "/" + strings.TrimPrefix(path.String(), "/")
}

// printable bounds a caller's text for a message.
func printable(s string) string {
	if len(s) > 200 {
		s = s[:200] + "..."
	}
	return strings.ToValidUTF8(s, "?")
}
