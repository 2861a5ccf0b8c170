package scripted

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"certwright/internal/vault"
)

// words are what tokens begin with, and how each is written.
var words = []struct{ key, write string }{
	{"hold", "hold"},
	{"delay", "delay=5s"},
	{"outcome", "outcome=reject or outcome=error"},
	{"message", "message=..."},
	{"fail", "fail=2"},
	{"cancel", "cancel=lost"},
}

// quotes are what people put around a script, or behind it, and is no part of it.
const quotes = "\"'`., "

// unknown is the refusal of a token that is none.
func unknown(token, key string) *vault.Error {
	if key = strings.Trim(key, quotes); endings[strings.ToLower(key)] {
		key = "outcome"
	}
	all := make([]string, len(words))
	for i, w := range words {
		if strings.EqualFold(w.key, key) || near(w.key, strings.ToLower(key)) {
			return refusal(token, "write "+w.write)
		}
		all[i] = w.write
	}
	return refusal(token, "there are "+strings.Join(all, ", "))
}

func refusal(token, hint string) *vault.Error {
	return vault.Bad("credentials.account_id looks like a script of the scripted issuer, but %q in it is unknown: %s. "+
		"An account that is not a script may be any other text.", vault.Clip(token, 60), hint)
}

// toNobody is the refusal of a message that no outcome stands before: the
// certificate would be issued, and the message told nobody.
func toNobody(token string) *vault.Error {
	return vault.Bad("credentials.account_id looks like a script of the scripted issuer, but %q says why an order fails, and nothing before it "+
		"lets one fail: write outcome=reject or outcome=error before it.", vault.Clip(token, 60))
}

// endings are the outcomes that a script may name.
var endings = map[string]bool{"reject": true, "error": true}

// looksLike reports whether somebody who wrote this meant a token: it begins
// with a word of scripts, or one letter beside it, that stands alone or has a
// value; its value is one that only scripts have; or such words are joined in it.
func looksLike(token string) bool {
	token = strings.Trim(token, quotes)
	if endings[strings.ToLower(token)] {
		return true
	}
	end := strings.IndexFunc(token, func(r rune) bool { return !unicode.IsLetter(r) })
	head, rest := strings.ToLower(token), ""
	if end >= 0 {
		head, rest = strings.ToLower(token[:end]), token[end:]
	}
	for _, w := range words {
		if (rest == "" || valued(rest)) && (head == w.key || near(w.key, head)) {
			return true
		}
	}
	_, value, ok := strings.Cut(token, "=")
	return ok && ofScripts(strings.ToLower(strings.TrimSpace(value))) || joined(token)
}

// joined reports whether tokens stand in a text with something else than ";"
// between them: "hold|fail=2".
func joined(token string) bool {
	for _, part := range strings.FieldsFunc(token, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("|&,+", r) }) {
		key, _, ok := strings.Cut(strings.ToLower(part), "=")
		for _, w := range words {
			if ok && (key == w.key || near(w.key, key)) {
				return true
			}
		}
	}
	return false
}

// valued reports whether what stands behind a word makes it a token, "=5s",
// " = 5s", ":5s", " 5s" or ", delay=5s", and not the name of somebody.
func valued(rest string) bool {
	value := strings.TrimSpace(rest)
	switch {
	case strings.HasPrefix(value, "="), strings.HasPrefix(value, ":"):
		return true
	case strings.HasPrefix(value, ","):
		return strings.Contains(value, "=")
	}
	_, err := strconv.Atoi(value)
	return value != rest && (err == nil || ofScripts(strings.ToLower(value)))
}

// ofScripts reports whether a value is one that only scripts have.
func ofScripts(value string) bool {
	_, err := time.ParseDuration(value)
	return endings[value] || value == "lost" || err == nil && value != "" && unicode.IsLetter(rune(value[len(value)-1]))
}

// near reports whether a word is another with one letter too many, missing,
// wrong or changed with its neighbour, but not the first: "gold" is no typo of "hold".
func near(word, typed string) bool {
	if typed == "" || typed == word || typed[0] != word[0] {
		return false
	}
	i := 0
	for i < len(word) && i < len(typed) && word[i] == typed[i] {
		i++
	}
	w, t := word[i:], typed[i:]
	switch len(t) - len(w) {
	case -1:
		return w[1:] == t
	case 1:
		return w == t[1:]
	case 0:
		return w[1:] == t[1:] || len(w) > 1 && w[0] == t[1] && w[1] == t[0] && w[2:] == t[2:]
	}
	return false
}
