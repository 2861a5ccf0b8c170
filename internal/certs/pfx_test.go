package certs

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
	"software.sslmate.com/src/go-pkcs12"

	"certwright/internal/keys"
	"certwright/internal/vault"
)

// What OpenSSL exports is read, in all the ways it encrypts.
func TestReadPFXOfOpenSSL(t *testing.T) {
	t.Parallel()
	program := lookPath(t, "openssl")
	for _, kind := range keyKinds {
		if kind.name == "RSA-3072" || kind.name == "RSA-4096" {
			continue
		}
		k, chain := issued(t, kind.props)
		text, err := WritePEM(&k, chain)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "all.pem")
		write(t, file, []byte(text))
		for _, c := range []struct{ name, args, password string }{
			{"default", "", "secret"},
			{"default without password", "", ""},
			{"not ASCII", "", "pässwörd € 𝄞"},
			{"legacy", "-legacy", "secret"},
			{"legacy without password", "-legacy", ""},
			{"3DES", "-descert -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -legacy", "secret"},
			{"RC2 of 128 bits", "-legacy -certpbe PBE-SHA1-RC2-128", "secret"},
			{"RC4 of 128 bits", "-legacy -certpbe PBE-SHA1-RC4-128 -keypbe PBE-SHA1-RC4-128", "secret"},
			{"RC4 of 40 bits", "-legacy -certpbe PBE-SHA1-RC4-40 -keypbe PBE-SHA1-RC4-40", "secret"},
			{"3DES of two keys", "-legacy -certpbe PBE-SHA1-2DES -keypbe PBE-SHA1-2DES", "secret"},
			{"AES-128 and SHA-512", "-certpbe AES-128-CBC -keypbe AES-192-CBC -macalg sha512", "secret"},
			{"SHA-384", "-macalg sha384", "secret"},
			{"PBES2 with 3DES", "-certpbe DES-EDE3-CBC -keypbe DES-EDE3-CBC", "secret"},
			{"no MAC", "-nomac", "secret"},
			{"in the clear", "-certpbe NONE -keypbe NONE", "secret"},
			{"100000 rounds", "-iter 100000", "secret"},
			{"names", "-name leaf -caname issuer -CSP provider", "secret"},
		} {
			t.Run(kind.name+" "+c.name, func(t *testing.T) {
				t.Parallel()
				args := append([]string{"pkcs12", "-export", "-in", file, "-passout", "pass:" + c.password}, strings.Fields(c.args)...)
				pfx, err := exec.Command(program, args...).Output()
				if err != nil {
					t.Fatal(err, args)
				}
				b, err := ReadPFX(t.Context(), pfx, c.password)
				if err != nil {
					t.Fatal(err, errors.Unwrap(err))
				}
				if diff := cmp.Diff(chain, b.Chain); diff != "" || b.Leaf != 0 || !bytes.Equal(b.Key.PKIX(), k.PKIX()) {
					t.Errorf("leaf %d; certificates (-written +read):\n%s", b.Leaf, diff)
				}
				if _, err = ReadPFX(t.Context(), pfx, c.password+"x"); c.name != "in the clear" || err == nil {
					wantRefusal(t, err, vault.BadPFX())
				}
			})
		}
	}
}

// go-pkcs12 and this package read each other's files.
func TestPFXAgainstAnother(t *testing.T) {
	t.Parallel()
	k, chain := issued(t, vault.KeyProps{Type: vault.EC, Curve: vault.P384})
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		t.Fatal(err)
	}
	ca, err := x509.ParseCertificate(chain[1])
	if err != nil {
		t.Fatal(err)
	}
	for name, enc := range map[string]*pkcs12.Encoder{"passwordless": pkcs12.Passwordless, "RC2": pkcs12.LegacyRC2, "3DES": pkcs12.LegacyDES,
		"2023": pkcs12.Modern2023, "2026 with PBMAC1": pkcs12.Modern2026} {
		for _, password := range []string{"", "secret"} {
			if name == "passwordless" && password != "" {
				continue
			}
			pfx, err := enc.Encode(k.Signer(), leaf, []*x509.Certificate{ca}, password)
			if err != nil {
				t.Fatal(err)
			}
			b, err := ReadPFX(t.Context(), pfx, password)
			if err != nil {
				t.Errorf("%s, password %q: %v (%v)", name, password, err, errors.Unwrap(err))
				continue
			}
			if !cmp.Equal(b.Chain, chain) || !bytes.Equal(b.Key.PKIX(), k.PKIX()) {
				t.Errorf("%s, password %q: key or certificates changed", name, password)
			}
		}
	}
	pfx, err := WritePFX(&k, chain)
	if err != nil {
		t.Fatal(err)
	}
	_, got, more, err := pkcs12.DecodeChain(pfx, "")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Raw, chain[0]) || len(more) != 1 || !bytes.Equal(more[0].Raw, chain[1]) {
		t.Error("go-pkcs12 reads other certificates")
	}
}

// The service derives from no password at all, not from an empty one with its
// terminating zero: a reader that tries only that opens MAC, key and
// certificates, and one that tries only the other opens nothing.
func TestPFXIsDerivedFromZeroBytes(t *testing.T) {
	t.Parallel()
	for _, kind := range keyKinds {
		k, chain := issued(t, kind.props)
		for _, key := range []*keys.Key{&k, nil} {
			pfx, err := WritePFX(key, chain)
			if err != nil {
				t.Fatal(err)
			}
			bags, err := readBags(pfx, noPassword())
			if err != nil {
				t.Fatalf("%s: %v", kind.name, err)
			}
			if !cmp.Equal(bags.certs, chain) || key != nil && (len(bags.keys) != 1 || !bytes.Equal(bags.keys[0].PKIX(), k.PKIX())) {
				t.Errorf("%s: key or certificates changed", kind.name)
			}
			if _, err := readBags(pfx, newPassword(t.Context(), "")); !errors.Is(err, errPassword) {
				t.Errorf("%s: the two zero bytes of an empty password open it as well (%v)", kind.name, err)
			}
			if _, err := readBags(putTogether(t, takeApart(t, pfx), nil), newPassword(t.Context(), "")); err == nil {
				t.Errorf("%s: without its MAC the two zero bytes open it", kind.name)
			}
		}
	}
}

// takeApart returns the authenticated safe of a PFX that WritePFX wrote.
func takeApart(t testing.TB, pfx []byte) (auth []byte) {
	t.Helper()
	in := cryptobyte.String(pfx)
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
		if err != nil {
			t.Fatal(err)
		}
		in = rest
		switch {
		case v.IsCompound:
			out = append(append(append(out, v.FullBytes[0], 0x80), inPieces(t, v.Bytes)...), 0, 0)
		case v.FullBytes[0] == 0x04 || v.FullBytes[0] == 0x80 && len(v.Bytes) > 1: // [0] IMPLICIT OCTET STRING
			out = append(out, v.FullBytes[0]|0x20, 0x80)
			half := len(v.Bytes) / 2
			for _, piece := range [][]byte{v.Bytes[:half], v.Bytes[half:]} {
				raw, err := asn1.Marshal(piece)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, raw...)
			}
			out = append(out, 0, 0)
		default:
			out = append(out, v.FullBytes...)
		}
	}
	return out
}

func TestReadPFXInBER(t *testing.T) {
	t.Parallel()
	k, chain := issued(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256K})
	pfx, err := WritePFX(&k, chain)
	if err != nil {
		t.Fatal(err)
	}
	ber := inPieces(t, putTogether(t, inPieces(t, takeApart(t, pfx)), nil))
	b, err := ReadPFX(t.Context(), ber, "")
	if err != nil {
		t.Fatal(err, errors.Unwrap(err))
	}
	if !cmp.Equal(b.Chain, chain) || !bytes.Equal(b.Key.PKIX(), k.PKIX()) {
		t.Error("key or certificates changed")
	}
	for cut := range len(ber) {
		if _, ok := definite(ber[:cut]); ok {
			t.Fatalf("the first %d bytes pass for a whole element", cut)
		}
	}
}

// A second key is refused before it is decrypted.
func TestReadPFXStopsAtTheSecondKey(t *testing.T) {
	t.Parallel()
	k, chain := issued(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	pfx, err := WritePFX(&k, chain)
	if err != nil {
		t.Fatal(err)
	}
	bags := safeOf(t, pfx)
	_, err = ReadPFX(t.Context(), putTogether(t, bags(2), nil), "")
	wantRefusal(t, err, vault.NoPrivateKey())
	if !errors.Is(err, errSecondKey) {
		t.Errorf("the cause is %v", errors.Unwrap(err))
	}
	if _, err := ReadPFX(t.Context(), putTogether(t, bags(1), nil), ""); err != nil {
		t.Error(err)
	}
}

// safeOf returns a maker of authenticated safes with n broken key bags after a
// good one, less one, beside the contents of pfx.
func safeOf(t testing.TB, pfx []byte) func(keys int) []byte {
	auth := cryptobyte.String(takeApart(t, pfx))
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

func TestReadPFXRefuses(t *testing.T) {
	t.Parallel()
	k, chain := issued(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	other := newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	made := func(k *keys.Key, chain [][]byte) []byte {
		pfx, err := WritePFX(k, chain)
		if err != nil {
			t.Fatal(err)
		}
		return pfx
	}
	good := made(&k, chain)
	broken := slices.Clone(good)
	broken[len(broken)/2] ^= 1
	for _, c := range []struct {
		name     string
		pfx      []byte
		password string
		want     *vault.Error
	}{
		{"nothing", nil, "", vault.BadPFX()},
		{"a certificate", chain[0], "", vault.BadPFX()},
		{"cut short", good[:len(good)-1], "", vault.BadPFX()},
		{"with something behind", append(slices.Clone(good), 0), "", vault.BadPFX()},
		{"changed", broken, "", vault.BadPFX()},
		{"too long", make([]byte, maxImport+1), "", vault.BadPFX()},
		{"a password too many", good, "secret", vault.BadPFX()},
		{"no certificate", made(&k, nil), "", vault.BadPFX()},
		{"no key", made(nil, chain), "", vault.NoPrivateKey()},
		{"another's key", made(&other, chain), "", vault.WrongPublicKey()},
		{"another's key and the authority alone", made(&other, chain[1:]), "", vault.WrongPublicKey()},
		{"a certificate that is none", made(&k, [][]byte{[]byte("x")}), "", vault.BadX509()},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := ReadPFX(t.Context(), c.pfx, c.password)
			wantRefusal(t, err, c.want)
		})
	}
}

// The order of the file is kept, wherever the leaf stands.
func TestPFXKeepsOrder(t *testing.T) {
	t.Parallel()
	k, chain := issued(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	slices.Reverse(chain)
	pfx, err := WritePFX(&k, chain)
	if err != nil {
		t.Fatal(err)
	}
	b, err := ReadPFX(t.Context(), pfx, "")
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(b.Chain, chain) || b.Leaf != 1 {
		t.Errorf("leaf %d, want 1, in the order written", b.Leaf)
	}
	if out := openssl(t, pfx, "pkcs12", "-passin", "pass:", "-nokeys", "-clcerts"); !strings.Contains(out, "CN = www.contoso.com") || strings.Count(out, "BEGIN") != 1 {
		t.Errorf("openssl takes another for the key's certificate:\n%s", out)
	}
}
