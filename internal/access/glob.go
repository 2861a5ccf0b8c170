package access

// matches reports whether a text is what a pattern says: letters in any case,
// and * for any text, slashes too. It takes no longer than both are long,
// multiplied, and no memory.
func matches(pattern, text string) bool {
	star, from := -1, 0 // the last * passed, and what it stands for up to here
	p, t := 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, t
			p++
		case p < len(pattern) && lower(pattern[p]) == lower(text[t]):
			p++
			t++
		case star >= 0:
			from++
			p, t = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
