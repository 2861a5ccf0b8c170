package dn

import (
	"iter"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

var oidCommonName = oid{2, 5, 4, 3}

// rdns goes through the parts of a name in DER, each a set of attributes.
func rdns(name []byte) iter.Seq[cryptobyte.String] {
	return func(yield func(cryptobyte.String) bool) {
		in := cryptobyte.String(name)
		var seq, set cryptobyte.String
		if !in.ReadASN1(&seq, asn1.SEQUENCE) {
			return
		}
		for seq.ReadASN1(&set, asn1.SET) && yield(set) {
		}
	}
}

// attributes goes through one part of a name: each attribute in DER, and its
// text where it is a common name, else "".
func attributes(set cryptobyte.String) iter.Seq2[[]byte, string] {
	return func(yield func([]byte, string) bool) {
		var whole cryptobyte.String
		for set.ReadASN1Element(&whole, asn1.SEQUENCE) && yield(whole, commonNameIn(whole)) {
		}
	}
}

func commonNameIn(attribute cryptobyte.String) string {
	var a, value cryptobyte.String
	var id oid
	var tag asn1.Tag
	if !attribute.ReadASN1(&a, asn1.SEQUENCE) || !a.ReadASN1ObjectIdentifier(&id) || !id.Equal(oidCommonName) || !a.ReadAnyASN1(&value, &tag) {
		return ""
	}
	text, _ := Text(tag, value)
	return text
}

// WithoutCommonNames returns a name in DER without the common names that drop says.
func WithoutCommonNames(name []byte, drop func(cn string) bool) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for set := range rdns(name) {
			var kept [][]byte
			for whole, cn := range attributes(set) {
				if cn == "" || !drop(cn) {
					kept = append(kept, whole)
				}
			}
			if len(kept) > 0 {
				b.AddASN1(asn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(slices.Concat(kept...)) })
			}
		}
	})
	return b.BytesOrPanic() // parts of what was DER
}

// CommonNames returns the common names of a name in DER, first to last.
func CommonNames(name []byte) (names []string) {
	for set := range rdns(name) {
		for _, cn := range attributes(set) {
			if cn != "" {
				names = append(names, cn)
			}
		}
	}
	return names
}
