package wire

import (
	"net/url"
	"strings"
)

// Segments splits an escaped path: double slashes collapse (the seed's
// https://v//certificates/...), and a slash at the end is an empty version,
// which means the latest. Each segment is decoded by itself, so that an escaped
// slash stays inside its name and is refused there. It reads no further than
// one segment beyond most: a longer path is none of ours.
func Segments(escaped string, most int) ([]string, bool) {
	var segs []string
	for s := range strings.SplitSeq(escaped, "/") {
		if s == "" {
			continue
		}
		plain, err := url.PathUnescape(s)
		if err != nil {
			return nil, false
		}
		if segs = append(segs, plain); len(segs) > most {
			break
		}
	}
	return segs, true
}

// Literals knows which words of the table's patterns stand where, keyed by
// pattern up to and with the word, as in "/certificates/*/pending".
type Literals map[string]bool

// Add takes a pattern's words and returns how many segments it has.
func (l Literals) Add(pattern string) (n int) {
	at := ""
	for s := range strings.SplitSeq(strings.TrimPrefix(pattern, "/"), "/") {
		n++
		if strings.HasPrefix(s, "{") {
			at += "/*"
			continue
		}
		at += "/" + s
		l[at] = true
	}
	return n
}

// Normalise spells a path as the table does: words of the API in lower case
// and plain, names as typed and escaped. A word that is one of the API's where
// it stands is never a name there: contacts, issuers and restore shadow
// certificates of those names (docs/contract/wire.md), while an
// issuer may be called pending.
func (l Literals) Normalise(segs []string) string {
	var at, path strings.Builder
	for _, s := range segs {
		word := at.String() + "/" + strings.ToLower(s)
		if l[word] {
			at.Reset()
			at.WriteString(word)
			path.WriteString("/" + strings.ToLower(s))
			continue
		}
		at.WriteString("/*")
		path.WriteString("/" + url.PathEscape(s))
	}
	return path.String()
}
