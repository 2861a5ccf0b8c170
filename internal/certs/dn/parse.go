package dn

import (
	"bytes"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"certwright/internal/vault"
)

// Parse reads a distinguished name as Windows and .NET write it and returns
// its DER. The first part of the string is the last in the DER
// (docs/contract/certificates.md): "C=US, CN=www" encodes CN first.
//
// Parts are separated by , or ; and the attributes of one part by +. Keys are
// those of nameKeys in any case, or object identifiers. Values may stand in
// double quotes, with a quote inside doubled; outside quotes a backslash
// escapes a special character or, with two hex digits, a byte (RFC 4514), and
// is itself otherwise. A value #hex is a DER string as it is. An empty string is the
// empty name; an empty value has to be written "". Errors are vault.BadSubject.
func Parse(s string) ([]byte, error) {
	p := nameReader{rest: s}
	rdns, err := p.name()
	if err != nil {
		return nil, vault.BadSubject().Because(err)
	}
	slices.Reverse(rdns)
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, attributes := range rdns {
			sort.Slice(attributes, func(i, j int) bool { return bytes.Compare(attributes[i], attributes[j]) < 0 }) // DER sorts a SET OF
			b.AddASN1(der.SET, func(b *cryptobyte.Builder) {
				for _, a := range attributes {
					b.AddBytes(a)
				}
			})
		}
	})
	name, err := b.Bytes()
	if err != nil {
		return nil, vault.BadSubject().Because(err)
	}
	return name, nil
}

// What is wrong with a name, for the log only.
var (
	errNameKey   = errors.New("a part of the name has no known key")
	errNameValue = errors.New("a value of the name is empty or has characters out of place")
)

// A nameReader takes a name apart from the left.
type nameReader struct{ rest string }

func (p *nameReader) name() (rdns [][][]byte, err error) {
	p.space()
	if p.rest == "" {
		return nil, nil
	}
	rdns = [][][]byte{nil}
	for {
		a, err := p.attribute()
		if err != nil {
			return nil, err
		}
		last := len(rdns) - 1
		rdns[last] = append(rdns[last], a)
		switch {
		case p.rest == "":
			return rdns, nil
		case p.rest[0] != '+':
			rdns = append(rdns, nil)
		}
		p.rest = p.rest[1:]
	}
}

// attribute reads key = value and stops at the end or before a separator.
func (p *nameReader) attribute() ([]byte, error) {
	i := strings.IndexByte(p.rest, '=')
	if i < 0 {
		return nil, errNameKey
	}
	key, ok := nameKeyOf(strings.TrimSpace(p.rest[:i]))
	if !ok {
		return nil, errNameKey
	}
	p.rest = p.rest[i+1:]
	p.space()
	switch {
	case strings.HasPrefix(p.rest, "#"):
		return p.hexadecimal(key)
	case strings.HasPrefix(p.rest, `"`):
		v, err := p.quoted()
		if err != nil {
			return nil, err
		}
		return stringAttribute(key, v)
	}
	v := p.plain()
	if v == "" {
		return nil, errNameValue
	}
	return stringAttribute(key, v)
}

func (p *nameReader) space() { p.rest = strings.TrimLeft(p.rest, " ") }

// quoted reads "..." and the space behind it.
func (p *nameReader) quoted() (string, error) {
	var v strings.Builder
	p.rest = p.rest[1:]
	for {
		i := strings.IndexByte(p.rest, '"')
		if i < 0 {
			return "", errNameValue
		}
		v.WriteString(p.rest[:i])
		p.rest = p.rest[i+1:]
		if !strings.HasPrefix(p.rest, `"`) {
			break
		}
		v.WriteByte('"')
		p.rest = p.rest[1:]
	}
	p.space()
	if p.rest != "" && !isSeparator(p.rest[0]) {
		return "", errNameValue
	}
	return v.String(), nil
}

// plain reads an unquoted value; space around it does not count unless escaped.
func (p *nameReader) plain() string {
	var v []byte
	end := 0 // of what trailing space does not shorten
	for p.rest != "" && !isSeparator(p.rest[0]) {
		c, n, escaped := unescape(p.rest)
		v = append(v, c)
		p.rest = p.rest[n:]
		if escaped || c != ' ' {
			end = len(v)
		}
	}
	return string(v[:end])
}

func isSeparator(c byte) bool { return c == ',' || c == ';' || c == '+' }

// unescape reads one character of an unquoted value, which is n bytes long.
func unescape(s string) (c byte, n int, escaped bool) {
	if s[0] != '\\' || len(s) < 2 {
		return s[0], 1, false
	}
	if strings.IndexByte(` "#+,;<=>\`, s[1]) >= 0 {
		return s[1], 2, true
	}
	if len(s) >= 3 {
		if b, err := hex.DecodeString(s[1:3]); err == nil {
			return b[0], 3, true
		}
	}
	return s[0], 1, false
}

// hexadecimal reads #hex: the DER of a string, of whatever type, as it is.
func (p *nameReader) hexadecimal(key nameKey) ([]byte, error) {
	end := strings.IndexFunc(p.rest, func(r rune) bool { return r == ',' || r == ';' || r == '+' })
	if end < 0 {
		end = len(p.rest)
	}
	value, err := hex.DecodeString(strings.TrimSpace(p.rest[1:end]))
	p.rest = p.rest[end:]
	in := cryptobyte.String(value)
	var str cryptobyte.String
	var tag der.Tag
	if err != nil || !in.ReadAnyASN1(&str, &tag) || !in.Empty() {
		return nil, errNameValue
	}
	if _, ok := Text(tag, str); !ok { // OpenSSL reads no certificate with other types in a name
		return nil, errNameValue
	}
	var text any
	if _, err := asn1.Unmarshal(value, &text); err != nil { // characters that the type does not have, as in a NumericString
		return nil, errNameValue
	}
	return attribute(key, func(b *cryptobyte.Builder) { b.AddBytes(value) })
}

// stringAttribute encodes a value as PrintableString if its characters allow,
// else as UTF8String; e-mail addresses and domain components as IA5String.
func stringAttribute(key nameKey, v string) ([]byte, error) {
	if !utf8.ValidString(v) || strings.IndexFunc(v, unicode.IsControl) >= 0 {
		return nil, errNameValue
	}
	tag := der.UTF8String
	switch {
	case key.plain == der.IA5String && isASCII(v):
		tag = der.IA5String
	case key.plain != der.IA5String && isPrintable(v):
		tag = der.PrintableString
	}
	return attribute(key, func(b *cryptobyte.Builder) {
		b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(v)) })
	})
}

func attribute(key nameKey, value func(*cryptobyte.Builder)) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(key.id)
		value(b)
	})
	return b.Bytes()
}

// Common returns the DER of a name with nothing but a common name.
func Common(cn string) ([]byte, error) { return Parse("CN=" + quote(cn)) }
