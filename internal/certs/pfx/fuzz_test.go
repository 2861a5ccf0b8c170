package pfx

import (
	"bytes"
	"testing"

	"certwright/internal/must"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
	"software.sslmate.com/src/go-pkcs12"
)

// Whatever is read as a PFX can be written and read again, and is the same for
// another reader if that reads it. Layer 0 is a whole file, 1 an authenticated
// safe, 2 safe contents: behind MAC and encryption no mutation would get far.
func FuzzRead(f *testing.F) {
	p := newPair(f)
	own, err := Write(p.pkcs8, p.chain, 0, []byte("seed"))
	must.Do(f, err)
	f.Add(own, 0)
	f.Add(takeApart(f, own), 1)
	f.Add(inPieces(f, putTogether(f, inPieces(f, takeApart(f, own)), nil)), 0)
	for _, enc := range []*pkcs12.Encoder{pkcs12.Passwordless, pkcs12.LegacyRC2, pkcs12.Modern2023.WithIterations(1), pkcs12.Modern2026.WithIterations(1)} {
		file, err := enc.Encode(p.key, leafOf(f, p), nil, "")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file, 0)
		f.Add(takeApart(f, file), 1)
	}
	f.Add(plainSafe(p), 2)
	f.Fuzz(func(t *testing.T, file []byte, layer int) {
		if layer == 2 {
			var b cryptobyte.Builder
			b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
				addContent(b, oidData, func(b *cryptobyte.Builder) { b.AddASN1OctetString(file) })
			})
			file = b.BytesOrPanic()
		}
		if layer == 1 || layer == 2 {
			file = putTogether(t, file, nil)
		}
		checkFile(t, file)
	})
}

func checkFile(t *testing.T, file []byte) {
	t.Helper()
	b, err := NewPassword(t.Context(), "").Read(file)
	if err != nil {
		return
	}
	again, err := Write(b.Key, b.Certificates, 0, []byte("seed"))
	must.Do(t, err)
	c, err := NewPassword(t.Context(), "").Read(again)
	if err != nil || len(b.Certificates)+len(c.Certificates) > 0 && !cmp.Equal(b.Certificates, c.Certificates) || !bytes.Equal(b.Key, c.Key) {
		t.Fatalf("written and read again: %v", err)
	}
	if _, first, more, err := pkcs12.DecodeChain(file, ""); err == nil {
		if !bytes.Equal(first.Raw, b.Certificates[0]) || len(more) != len(b.Certificates)-1 {
			t.Fatal("another reader finds other certificates")
		}
	}
}

// plainSafe returns safe contents with a key and a certificate in the clear.
func plainSafe(p pair) []byte {
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		addBag(b, oidKeyBag, true, func(b *cryptobyte.Builder) { b.AddBytes(p.pkcs8) })
		addBag(b, oidSafeContentsBag, false, func(b *cryptobyte.Builder) {
			b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
				addBag(b, oidCertBag, true, func(b *cryptobyte.Builder) {
					addContent(b, oidX509Certificate, func(b *cryptobyte.Builder) { b.AddASN1OctetString(p.chain[0]) })
				})
			})
		})
	})
	return b.BytesOrPanic()
}
