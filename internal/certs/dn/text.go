package dn

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte/asn1"
)

// The string types that x/crypto has no names for.
const (
	tagNumericString   = asn1.Tag(18)
	tagVisibleString   = asn1.Tag(26)
	tagUniversalString = asn1.Tag(28)
	tagBMPString       = asn1.Tag(30)
)

// Text turns the content of an ASN.1 string into text. The old single-byte types
// are read as Latin-1, as everyone does. False: not a string type, or broken.
func Text(tag asn1.Tag, b []byte) (string, bool) {
	switch tag {
	case asn1.UTF8String:
		return string(b), utf8.Valid(b)
	case asn1.PrintableString, asn1.IA5String, asn1.T61String, tagNumericString, tagVisibleString:
		var s strings.Builder
		for _, c := range b {
			s.WriteRune(rune(c))
		}
		return s.String(), true
	case tagBMPString:
		return decodeUTF16(b)
	case tagUniversalString:
		if len(b)%4 != 0 {
			return "", false
		}
		var s strings.Builder
		for ; len(b) > 0; b = b[4:] {
			r := binary.BigEndian.Uint32(b)
			if r > utf8.MaxRune || !utf8.ValidRune(rune(r)) {
				return "", false
			}
			s.WriteRune(rune(r))
		}
		return s.String(), true
	}
	return "", false
}

func decodeUTF16(b []byte) (string, bool) {
	if len(b)%2 != 0 {
		return "", false
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	s := string(utf16.Decode(units))
	return s, !strings.ContainsRune(s, utf8.RuneError)
}

func isASCII(s string) bool {
	for _, c := range []byte(s) {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isPrintable reports whether s fits PrintableString (X.680 section 41.4).
func isPrintable(s string) bool {
	for _, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(" '()+,-./:=?", c) >= 0) {
			return false
		}
	}
	return true
}
