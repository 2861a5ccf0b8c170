package pfx

import (
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// PKCS#12 is BER: Firefox, macOS and Bouncy Castle write indefinite lengths
// and octet strings in pieces, which no DER reader takes.

const maxDepth = 32

// definite rewrites BER with definite, shortest lengths and octet strings in
// one piece. Content of primitive values, such as DER inside an octet string,
// stays as it is. False: not one well-formed element.
func definite(ber []byte) ([]byte, bool) {
	var b cryptobyte.Builder
	rest, ok := rewrite(&b, ber, 0)
	if !ok || len(rest) > 0 {
		return nil, false
	}
	der, err := b.Bytes()
	return der, err == nil
}

// An element is a BER value taken apart.
type element struct {
	tag        byte
	indefinite bool   // then content runs on behind the value
	content    []byte // the value, or where it begins
	rest       []byte // what follows; nil while indefinite
}

func (e element) constructed() bool { return e.tag&0x20 != 0 }

// readElement reads tag and length. High tag numbers do not occur in PKCS#12.
func readElement(in []byte) (e element, ok bool) {
	if len(in) < 2 || in[0]&0x1f == 0x1f {
		return e, false
	}
	e.tag = in[0]
	length, in := int(in[1]), in[2:]
	if length == 0x80 {
		e.indefinite, e.content = true, in
		return e, e.constructed() // no other may be of indefinite length
	}
	if n := length & 0x7f; length > 0x80 {
		if n > 4 || len(in) < n {
			return e, false
		}
		length = 0
		for _, c := range in[:n] {
			length = length<<8 | int(c)
		}
		in = in[n:]
	}
	if length < 0 || length > len(in) {
		return e, false
	}
	e.content, e.rest = in[:length], in[length:]
	return e, true
}

// rewrite writes the first element of in and returns what follows it.
func rewrite(b *cryptobyte.Builder, in []byte, depth int) (rest []byte, ok bool) {
	e, ok := readElement(in)
	if !ok || depth > maxDepth {
		return nil, false
	}
	if e.constructed() {
		if ok = e.rewriteChildren(depth); !ok {
			return nil, false
		}
	}
	b.AddASN1(asn1.Tag(e.tag), func(b *cryptobyte.Builder) { b.AddBytes(e.content) })
	return e.rest, true
}

// rewriteChildren replaces the content by the children rewritten, and finds
// the end of an element of indefinite length.
func (e *element) rewriteChildren(depth int) (ok bool) {
	var b cryptobyte.Builder
	in := e.content
	for e.indefinite || len(in) > 0 {
		if e.indefinite && len(in) >= 2 && in[0] == 0 && in[1] == 0 {
			e.rest = in[2:]
			break
		}
		if in, ok = rewrite(&b, in, depth+1); !ok {
			return false
		}
	}
	content, err := b.Bytes()
	if err != nil {
		return false
	}
	e.content = content
	if asn1.Tag(e.tag) == asn1.OCTET_STRING.Constructed() {
		e.tag = byte(asn1.OCTET_STRING)
		e.content, ok = pieces(content)
		return ok
	}
	return true
}

// pieces joins the octet strings that stand one after the other in s.
func pieces(s cryptobyte.String) ([]byte, bool) {
	var joined []byte
	for !s.Empty() {
		var piece cryptobyte.String
		if !s.ReadASN1(&piece, asn1.OCTET_STRING) {
			return nil, false
		}
		joined = append(joined, piece...)
	}
	return joined, true
}
