package wire

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzHalfPair(f *testing.F) {
	for _, s := range []string{`{"a":"\ud83d\ude00"}`, `{"a":"\ud800"}`, `{"\\":"\udc00\ud800"}`, `\`, `\ud800`, `\u`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		half := halfPair(body) // never panics
		if !utf8.Valid(body) || !json.Valid(body) {
			return
		}
		replaced := false
		for in := json.NewDecoder(bytes.NewReader(body)); ; {
			token, err := in.Token()
			if err != nil {
				break
			}
			text, _ := token.(string)
			replaced = replaced || strings.ContainsRune(text, '\ufffd')
		}
		if half != replaced && (half || !bytes.Contains(body, []byte("\ufffd")) && !bytes.Contains(bytes.ToLower(body), []byte(`\ufffd`))) {
			t.Errorf("%q: refused %v, replaced %v", body, half, replaced)
		}
	})
}
