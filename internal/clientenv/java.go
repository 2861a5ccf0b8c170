package clientenv

import (
	"strings"

	"certwright/internal/trust"
)

// The system properties of Java that name what it trusts and what it shows.
const (
	trustStoreProperty = "-Djavax.net.ssl.trustStore"
	keyStoreProperty   = "-Djavax.net.ssl.keyStore"
)

// javaOptions adds our truststore to the options there are, in place of one
// that is named there. It is named as the key store too, since Microsoft's JCA
// provider trusts that one and no other, unless there is a key store already.
func javaOptions(now, truststore string) string {
	var kept []string
	options := splitOptions(now)
	keepKeys := hasKeyStore(options)
	for _, o := range options {
		plain := unquoteJava(o)
		if !strings.HasPrefix(plain, trustStoreProperty) && (keepKeys || !strings.HasPrefix(plain, keyStoreProperty)) {
			kept = append(kept, o)
		}
	}
	kept = append(kept, storeOptions(trustStoreProperty, truststore)...)
	if !keepKeys {
		kept = append(kept, storeOptions(keyStoreProperty, truststore)...)
	}
	return strings.Join(kept, " ")
}

// storeOptions names our truststore by a property and the two that go with it.
func storeOptions(property, truststore string) []string {
	return []string{property + "=" + javaQuote(truststore), property + "Password=" + trust.TruststorePassword, property + "Type=PKCS12"}
}

// hasKeyStore reports whether the options name a key store that is not a
// truststore of ours, which an earlier call left there.
func hasKeyStore(options []string) bool {
	var keys, trusted string
	for _, o := range options {
		plain := unquoteJava(o)
		if path, ok := strings.CutPrefix(plain, keyStoreProperty+"="); ok {
			keys = path
		}
		if path, ok := strings.CutPrefix(plain, trustStoreProperty+"="); ok {
			trusted = path
		}
	}
	left := keys == trusted && strings.HasSuffix(keys, trust.TruststoreFile)
	return keys != "" && !left
}

// unquoteJava returns an option as Java sees it, without its quotes.
func unquoteJava(option string) string {
	var plain strings.Builder
	var quote rune
	for _, c := range option {
		switch {
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == quote:
			quote = 0
		default:
			plain.WriteRune(c)
		}
	}
	return plain.String()
}

// javaSpaces is where Java splits the variable.
const javaSpaces = " \t\n\v\f\r"

// javaQuote quotes what Java would split or take for quotes. It knows both
// kinds of quotes and no way to escape one, so a double quote stands in single
// ones and all else in double ones.
func javaQuote(s string) string {
	if !strings.ContainsAny(s, javaSpaces+`"'`) {
		return s
	}
	parts := strings.Split(s, `"`)
	for i, p := range parts {
		if p != "" {
			parts[i] = `"` + p + `"`
		}
	}
	return strings.Join(parts, `'"'`)
}

// splitOptions splits at spaces outside quotes, as Java does with this
// variable, and leaves the quotes in.
func splitOptions(s string) (options []string) {
	var quote rune
	start := -1
	for i, c := range s {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case strings.ContainsRune(javaSpaces, c):
			if start >= 0 {
				options = append(options, s[start:i])
			}
			start = -1
			continue
		}
		if start < 0 {
			start = i
		}
	}
	if start >= 0 {
		options = append(options, s[start:])
	}
	return options
}
