package wire

import (
	"errors"
	"testing"

	"certwright/internal/vault"
)

func TestOctets(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "AA": "\x00", "AA==": "\x00", "-_8": "\xfb\xff", "-_8=": "\xfb\xff", "+/8": "\xfb\xff", "+/8=": "\xfb\xff", "AAAA": "\x00\x00\x00"} {
		if got, err := Octets("m", &in); err != nil || string(got) != want {
			t.Errorf("%q: %q %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"A", "AA=", "AAA==", "AAAA====", "====", "+B", "/B", "*A", "A A", "AA\n", "AA\r\n==", "AB", "=AAA", "AA=A", "Ä"} {
		var refusal *vault.Error
		if got, err := Octets("m", &in); !errors.As(err, &refusal) || refusal.Message != "Content of 'm' is not base64url.\r\n" {
			t.Errorf("%q: %q %v, want a refusal", in, got, err)
		}
	}
	if got, err := Octets("m", nil); got != nil || err != nil {
		t.Errorf("a member that was not sent: %q %v", got, err)
	}
}
