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
	segs := make([]string, 0, most+1)
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
