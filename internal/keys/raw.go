package keys

import (
	"bytes"
	"errors"
)

var errDER = errors.New("read the signature: not the DER of an ECDSA signature")

// rawSignature turns Ecdsa-Sig-Value (RFC 3279 section 2.2.3) into R and S of
// half bytes each. It reads our own signers only, so it is small and strict.
func rawSignature(der []byte, half int) ([]byte, error) {
	body, rest, ok := element(der, 0x30)
	if !ok || len(rest) != 0 {
		return nil, errDER
	}
	raw := make([]byte, 2*half)
	for i := range 2 {
		var n []byte
		if n, body, ok = element(body, 0x02); !ok {
			return nil, errDER
		}
		if n = bytes.TrimLeft(n, "\x00"); len(n) > half {
			return nil, errDER
		}
		copy(raw[(i+1)*half-len(n):], n)
	}
	if len(body) != 0 {
		return nil, errDER
	}
	return raw, nil
}

// element splits off one DER element of a tag; lengths are below 256.
func element(der []byte, tag byte) (content, rest []byte, ok bool) {
	if len(der) < 2 || der[0] != tag {
		return nil, nil, false
	}
	n, der := int(der[1]), der[2:]
	if n == 0x81 && len(der) > 0 {
		n, der = int(der[0]), der[1:]
	} else if n >= 0x80 {
		return nil, nil, false
	}
	if n > len(der) {
		return nil, nil, false
	}
	return der[:n], der[n:], true
}

// padded returns a big-endian number in exactly n bytes, whatever zeros it came
// with: some writers pad, some trim. False if it does not fit.
func padded(b []byte, n int) ([]byte, bool) {
	b = bytes.TrimLeft(b, "\x00")
	if len(b) > n {
		return nil, false
	}
	out := make([]byte, n)
	copy(out[n-len(b):], b)
	return out, true
}
