package vault

import (
	"bytes"
	"encoding/base64"
	"testing"
)

func TestDecodeBase64(t *testing.T) {
	t.Parallel()
	// Every value of every six bits, at every length modulo three.
	var all []byte
	for i := range 256 {
		all = append(all, byte(i), byte(255-i), byte(7*i))
	}
	for n := range 70 {
		b := all[n*10 : n*10+n]
		for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			if got, ok := DecodeBase64(e.EncodeToString(b)); !ok || !bytes.Equal(got, b) {
				t.Errorf("%s: %x %v, want %x", e.EncodeToString(b), got, ok, b)
			}
		}
	}
	for in, want := range map[string]string{"+_8": "\xfb\xff", "-/8=": "\xfb\xff", "AA\r\n==\n": "\x00", "AAAA\nAAAA": "\x00\x00\x00\x00\x00\x00"} {
		if got, ok := DecodeBase64(in); !ok || string(got) != want {
			t.Errorf("%q: %q %v, want %q", in, got, ok, want)
		}
	}
	for _, in := range []string{"A", "AA=", "AAA==", "AAAA====", "====", "+B", "-B", "A A", "AB", "=AAA", "AA=A", "AA,A", "Ä"} {
		if got, ok := DecodeBase64(in); ok {
			t.Errorf("%q is read as %x", in, got)
		}
	}
}
