package wire

import (
	"crypto/rand"
	"encoding/hex"
)

// NewGUID returns a random UUID (RFC 9562, version 4), the form of x-ms-request-id.
func NewGUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	var s [36]byte
	for i, part := range [][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
		at := [...]int{0, 9, 14, 19, 24}[i]
		hex.Encode(s[at:], part)
		if i > 0 {
			s[at-1] = '-'
		}
	}
	return string(s[:])
}
