package pfx

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"
	"time"

	"certwright/internal/must"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// An authority's leaf: a key with its certificate and another.
type pair struct {
	key   *ecdsa.PrivateKey
	pkcs8 []byte
	chain [][]byte
}

func newPair(t testing.TB) (p pair) {
	t.Helper()
	for i := range 2 {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must.Do(t, err)
		template := &x509.Certificate{SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: "web"}, NotAfter: time.Now().AddDate(1, 0, 0)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		must.Do(t, err)
		p.chain = append(p.chain, der)
		if i == 0 {
			p.key = key
			p.pkcs8, err = x509.MarshalPKCS8PrivateKey(key)
			must.Do(t, err)
		}
	}
	return p
}

// The service derives from no password at all, not from an empty one with its
// terminating zero: a reader that tries only that opens MAC, key and
// certificates, and one that tries only the other opens nothing.
func TestFilesAreDerivedFromZeroBytes(t *testing.T) {
	t.Parallel()
	for i := range 50 { // keys and salts differ, and so does what is decrypted wrongly
		p := newPair(t)
		for _, key := range [][]byte{p.pkcs8, nil} {
			file, err := Write(key, p.chain, 0, []byte{byte(i)})
			must.Do(t, err)
			got, err := noPassword().read(file)
			must.Do(t, err)
			if !cmp.Equal(got.Certificates, p.chain) || !bytes.Equal(got.Key, key) || key == nil && got.Key != nil {
				t.Error("key or certificates changed")
			}
			if _, err := NewPassword(t.Context(), "").read(file); !errors.Is(err, errPassword) {
				t.Errorf("the two zero bytes of an empty password open it as well (%v)", err)
			}
			bare := putTogether(t, takeApart(t, file), nil)
			if _, err := NewPassword(t.Context(), "").read(bare); err == nil {
				t.Error("without its MAC the two zero bytes open it")
			}
			if got, err := NewPassword(t.Context(), "").Read(bare); err != nil || !bytes.Equal(got.Key, key) {
				t.Errorf("without its MAC no form of an empty password opens it: %v", err)
			}
		}
	}
}

// What is decrypted with the wrong form of a password and has padding by chance
// does not pass for a key.
func TestReadTakesKeysOnly(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	file, err := Write([]byte("something else"), p.chain, 0, []byte("seed"))
	must.Do(t, err)
	if _, err := NewPassword(t.Context(), "").Read(file); !errors.Is(err, errPassword) {
		t.Errorf("got %v", err)
	}
}

func TestReadBER(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	file, err := Write(p.pkcs8, p.chain, 0, []byte("seed"))
	must.Do(t, err)
	ber := inPieces(t, putTogether(t, inPieces(t, takeApart(t, file)), nil))
	got, err := NewPassword(t.Context(), "").Read(ber)
	must.Do(t, err)
	if !cmp.Equal(got.Certificates, p.chain) || !bytes.Equal(got.Key, p.pkcs8) {
		t.Error("key or certificates changed")
	}
	for cut := range len(ber) {
		if _, ok := definite(ber[:cut]); ok {
			t.Fatalf("the first %d bytes pass for a whole element", cut)
		}
	}
}

// A second key is refused before it is decrypted.
func TestReadStopsAtTheSecondKey(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	file, err := Write(p.pkcs8, p.chain, 0, []byte("seed"))
	must.Do(t, err)
	bags := safeOf(t, file)
	if _, err := NewPassword(t.Context(), "").Read(putTogether(t, bags(2), nil)); !errors.Is(err, ErrSecondKey) {
		t.Errorf("two keys: %v", err)
	}
	if _, err := NewPassword(t.Context(), "").Read(putTogether(t, bags(1), nil)); err != nil {
		t.Error(err)
	}
}

// takeApart returns the authenticated safe of a PFX that Write wrote.
func takeApart(t testing.TB, file []byte) (auth []byte) {
	t.Helper()
	in := cryptobyte.String(file)
	var seq, content, data cryptobyte.String
	var id oid
	if !in.ReadASN1(&seq, der.SEQUENCE) || !seq.SkipASN1(der.INTEGER) || !readContentInfo(&seq, &id, &content) || !content.ReadASN1(&data, der.OCTET_STRING) {
		t.Fatal("cannot take the PFX apart")
	}
	return data
}

// putTogether wraps an authenticated safe as a PFX, with a MAC of so many
// rounds that is wrong, or none.
func putTogether(t testing.TB, auth []byte, rounds *big.Int) []byte {
	t.Helper()
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(3)
		addContent(b, oidData, func(b *cryptobyte.Builder) { b.AddASN1OctetString(auth) })
		if rounds == nil {
			return
		}
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidSHA1) })
				b.AddASN1OctetString(make([]byte, 20))
			})
			b.AddASN1OctetString([]byte("salt"))
			b.AddASN1BigInt(rounds)
		})
	})
	return b.BytesOrPanic()
}

// inPieces rewrites DER as Firefox and Bouncy Castle would: indefinite lengths
// and octet strings in two pieces.
func inPieces(t testing.TB, in []byte) []byte {
	t.Helper()
	var out []byte
	for len(in) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(in, &v)
		must.Do(t, err)
		in = rest
		switch {
		case v.IsCompound:
			out = append(append(append(out, v.FullBytes[0], 0x80), inPieces(t, v.Bytes)...), 0, 0)
		case v.FullBytes[0] == 0x04 || v.FullBytes[0] == 0x80 && len(v.Bytes) > 1: // [0] IMPLICIT OCTET STRING
			out = append(out, v.FullBytes[0]|0x20, 0x80)
			half := len(v.Bytes) / 2
			for _, piece := range [][]byte{v.Bytes[:half], v.Bytes[half:]} {
				raw, err := asn1.Marshal(piece)
				must.Do(t, err)
				out = append(out, raw...)
			}
			out = append(out, 0, 0)
		default:
			out = append(out, v.FullBytes...)
		}
	}
	return out
}

// safeOf returns a maker of authenticated safes with n broken key bags after a
// good one, less one, beside the contents of a file.
func safeOf(t testing.TB, file []byte) func(keys int) []byte {
	auth := cryptobyte.String(takeApart(t, file))
	var list cryptobyte.String
	if !auth.ReadASN1(&list, der.SEQUENCE) {
		t.Fatal("cannot take the safe apart")
	}
	return func(keys int) []byte {
		var b cryptobyte.Builder
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(list)
			for range keys - 1 {
				addContent(b, oidData, func(b *cryptobyte.Builder) {
					b.AddASN1(der.OCTET_STRING, func(b *cryptobyte.Builder) {
						b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
							b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
								b.AddASN1ObjectIdentifier(oidShroudedKeyBag)
								b.AddASN1(der.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddASN1OctetString([]byte("broken")) })
							})
						})
					})
				})
			}
		})
		return b.BytesOrPanic()
	}
}
