package vault

import (
	"crypto/rand"
	"encoding/hex"
	"net/netip"
	"strings"
)

// NewID returns 32 random lower-case hex digits: a version id or a request id.
func NewID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// IsID reports whether s has the form of a version id.
func IsID(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == 32 && s == strings.ToLower(s)
}

// CheckName refuses an object name outside ^[0-9a-zA-Z-]{1,127}$ (docs/contract/certificates.md).
func CheckName(name string) error {
	if !plainName(name, 127) {
		return BadName(name)
	}
	return nil
}

// CheckIssuerName refuses an issuer name that could not stand in a path.
// Dots and underscores are let through, since the specification has no pattern.
func CheckIssuerName(name string) error {
	if !plainName(strings.NewReplacer(".", "-", "_", "-").Replace(name), 127) {
		return Bad("The issuer name '%s' is invalid: it must be 1 to 127 characters out of 0-9, a-z, A-Z, -, _ and '.'.", Shorten(name))
	}
	if strings.EqualFold(name, SelfIssuer) || strings.EqualFold(name, UnknownIssuer) {
		return Bad("The issuer name '%s' is reserved.", name)
	}
	return nil
}

// CheckVaultName refuses a host label that cannot be a vault's name.
func CheckVaultName(name string) error {
	if !plainName(name, 63) {
		return Bad("The vault name '%s' is invalid: it must be 1 to 63 characters out of 0-9, a-z and -.", Shorten(name))
	}
	return nil
}

// IsDNSName takes host names, internationalised ones as A-labels, with a
// wildcard as the first label and underscores, which private names use.
func IsDNSName(s string) bool {
	s = strings.TrimPrefix(s, "*.")
	if s == "" || len(s) > 253 {
		return false
	}
	for l := range strings.SplitSeq(s, ".") {
		if !plainName(strings.ReplaceAll(l, "_", "x"), 63) || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
	}
	return true
}

// IsIP takes IP addresses without a zone.
func IsIP(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Zone() == ""
}

func plainName(s string, max int) bool {
	if s == "" || len(s) > max {
		return false
	}
	for _, c := range []byte(s) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-') {
			return false
		}
	}
	return true
}

// Shorten keeps a caller's text in a message within bounds and printable.
func Shorten(s string) string { return shorten(s, 80) }

func shorten(s string, most int) string {
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}
