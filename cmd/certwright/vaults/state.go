package vaults

import (
	"encoding/base64"
	"fmt"
	"time"

	"certwright/internal/client/keyvault"
	"certwright/internal/print"
)

// Within these a certificate that expires is shown in a colour.
const (
	urgent = 7 * 24 * time.Hour
	soon   = 30 * 24 * time.Hour
)

// state is what there is to say of a version in a word.
func state(now time.Time, a keyvault.Attributes) string {
	switch {
	case a.Off():
		return "disabled"
	case a.Expires.IsZero():
		return "no version yet"
	case !now.Before(a.Expires.Time):
		return "expired"
	case now.Before(a.NotBefore.Time):
		return "not valid yet"
	}
	return "valid"
}

func tone(now time.Time, a keyvault.Attributes) print.Tone {
	left := a.Expires.Sub(now)
	switch {
	case a.Off():
		return print.Faint
	case a.Expires.IsZero():
		return print.Warn
	case left <= urgent:
		return print.Bad
	case left <= soon:
		return print.Warn
	}
	return print.Good
}

// when is a time as people read it; "" where there is none.
func when(now time.Time, t keyvault.Seconds) string {
	if t.IsZero() {
		return ""
	}
	return print.When(now, t.Time)
}

// hexOf is a thumbprint as openssl and Windows write it.
func hexOf(thumbprint string) string {
	b, err := base64.RawURLEncoding.DecodeString(thumbprint)
	if err != nil {
		return thumbprint
	}
	return fmt.Sprintf("%X", b)
}
