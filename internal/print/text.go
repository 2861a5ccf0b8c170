package print

import (
	"strings"
	"unicode"
)

// Plain keeps a text of others to one line that cannot steer a terminal.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}
