package pfx

import (
	"crypto/cipher"
	"crypto/des"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Write writes a PKCS #12 file without a password, as the service does: key (PKCS
// #8 DER) and certificates under 3DES, a SHA-1 MAC, localKeyID 1 on the key and on
// its certificate. Everything is derived from zero bytes of password, not from the
// two that RFC 7292 makes of an empty one: Microsoft's JCA provider opens no other
// form, everyone else tries both. That protects nothing, so one round of derivation
// is done instead of 2000. Certificates stand in the order of chain, of which leaf
// is the index of the key's, -1 for none. A nil key leaves the certificates alone.
// The salts are derived from seed, so that the same seed and contents give the
// same bytes; two files must not have one seed.
func Write(key []byte, chain [][]byte, leaf int, seed []byte) ([]byte, error) {
	w := writer{noPassword(), seed}
	var auth cryptobyte.Builder
	auth.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		if key != nil {
			w.addKeySafe(b, key)
		}
		w.addCertSafe(b, chain, leaf)
	})
	data, err := auth.Bytes()
	if err != nil {
		return nil, fmt.Errorf("write the PFX: %w", err)
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(3)
		addContent(b, oidData, func(b *cryptobyte.Builder) { b.AddASN1OctetString(data) })
		w.addMAC(b, data)
	})
	return b.Bytes()
}

// A writer has what all parts of a file are encrypted with.
type writer struct {
	*Password
	seed []byte
}

// salt is that of a part of the file. Changing what it is made of, or a label,
// changes files that were handed out already.
func (w writer) salt(label string) []byte {
	return hmacOf(sha256.New, w.seed, []byte(label))[:8]
}

func addContent(b *cryptobyte.Builder, id oid, content func(*cryptobyte.Builder)) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(id)
		b.AddASN1(asn1.Tag(0).ContextSpecific().Constructed(), content)
	})
}

// addKeySafe writes the key, itself encrypted, in plain safe contents.
func (w writer) addKeySafe(b *cryptobyte.Builder, pkcs8 []byte) {
	salt, sealed := w.encrypt("key", pkcs8)
	addContent(b, oidData, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.OCTET_STRING, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				addBag(b, oidShroudedKeyBag, true, func(b *cryptobyte.Builder) {
					b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
						addPBE(b, salt)
						b.AddASN1OctetString(sealed)
					})
				})
			})
		})
	})
}

// addCertSafe writes the certificates in encrypted safe contents.
func (w writer) addCertSafe(b *cryptobyte.Builder, chain [][]byte, leaf int) {
	var bags cryptobyte.Builder
	bags.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for i, der := range chain {
			addBag(b, oidCertBag, i == leaf, func(b *cryptobyte.Builder) {
				addContent(b, oidX509Certificate, func(b *cryptobyte.Builder) { b.AddASN1OctetString(der) })
			})
		}
	})
	plain, err := bags.Bytes()
	if err != nil {
		b.SetError(err)
		return
	}
	salt, sealed := w.encrypt("certificates", plain)
	addContent(b, oidEncryptedData, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(0)
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidData)
				addPBE(b, salt)
				b.AddASN1(asn1.Tag(0).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(sealed) })
			})
		})
	})
}

// addBag writes a SafeBag; the pair of key and certificate gets localKeyID 1.
func addBag(b *cryptobyte.Builder, id oid, paired bool, value func(*cryptobyte.Builder)) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(id)
		b.AddASN1(asn1.Tag(0).ContextSpecific().Constructed(), value)
		if !paired {
			return
		}
		b.AddASN1(asn1.SET, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidLocalKeyID)
				b.AddASN1(asn1.SET, func(b *cryptobyte.Builder) { b.AddASN1OctetString([]byte{1, 0, 0, 0}) })
			})
		})
	})
}

const pfxRounds = 1

// encrypt seals a part of the file with 3DES.
func (w writer) encrypt(label string, plain []byte) (salt, sealed []byte) {
	salt = w.salt(label)
	n := des.BlockSize - len(plain)%des.BlockSize
	sealed = append(make([]byte, 0, len(plain)+n), plain...)
	for range n {
		sealed = append(sealed, byte(n))
	}
	block, _ := des.NewTripleDESCipher(w.derive(sha1.New, keyMaterial, salt, pfxRounds, 24)) // 24 bytes are a key
	cipher.NewCBCEncrypter(block, w.derive(sha1.New, ivMaterial, salt, pfxRounds, des.BlockSize)).CryptBlocks(sealed, sealed)
	return salt, sealed
}

func addPBE(b *cryptobyte.Builder, salt []byte) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidPBE3DES)
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1OctetString(salt)
			b.AddASN1Int64(pfxRounds)
		})
	})
}

// addMAC writes MacData; one round is its default and therefore left out (DER).
func (w writer) addMAC(b *cryptobyte.Builder, data []byte) {
	salt := w.salt("MAC")
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidSHA1)
				b.AddASN1NULL()
			})
			b.AddASN1OctetString(hmacOf(sha1.New, w.derive(sha1.New, macMaterial, salt, pfxRounds, sha1.Size), data))
		})
		b.AddASN1OctetString(salt)
	})
}
