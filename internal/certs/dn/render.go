package dn

import (
	"encoding/hex"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Render writes a DER name as .NET prints it, which is how the service
// shows the subject of an imported certificate (docs/contract/certificates.md): reversed,
// ", " between the parts, " + " within one, S= for stateOrProvince, values in
// double quotes where needed. Parse reads it back. A value that is not plain
// text becomes #hex, a name that cannot be read "".
func Render(name []byte) string {
	in := cryptobyte.String(name)
	var seq cryptobyte.String
	if !in.ReadASN1(&seq, asn1.SEQUENCE) {
		return ""
	}
	var rdns []string
	for !seq.Empty() {
		var set cryptobyte.String
		var attributes []string
		if !seq.ReadASN1(&set, asn1.SET) {
			return ""
		}
		for !set.Empty() {
			a, ok := renderAttribute(&set)
			if !ok {
				return ""
			}
			attributes = append(attributes, a)
		}
		if len(attributes) > 0 {
			rdns = append(rdns, strings.Join(attributes, " + "))
		}
	}
	slices.Reverse(rdns)
	return strings.Join(rdns, ", ")
}

func renderAttribute(set *cryptobyte.String) (string, bool) {
	var a, value cryptobyte.String
	var id oid
	var tag asn1.Tag
	if !set.ReadASN1(&a, asn1.SEQUENCE) || !a.ReadASN1ObjectIdentifier(&id) {
		return "", false
	}
	whole := a
	if !a.ReadAnyASN1(&value, &tag) || !a.Empty() {
		return "", false
	}
	v, ok := Text(tag, value)
	if !ok || strings.IndexFunc(v, unicode.IsControl) >= 0 {
		return shown(id) + "=#" + strings.ToUpper(hex.EncodeToString(whole)), true
	}
	return shown(id) + "=" + quote(v), true
}

// quote puts a value in quotes where Windows does, and where it holds a
// backslash, which Parse would take for an escape.
func quote(v string) string {
	if v != "" && v == strings.TrimFunc(v, unicode.IsSpace) && !strings.ContainsAny(v, "\",+=<>#;\\") {
		return v
	}
	return `"` + strings.ReplaceAll(v, `"`, `""`) + `"`
}
