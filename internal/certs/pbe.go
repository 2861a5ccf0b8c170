package certs

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"hash"
	"unicode/utf16"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// What a file may cost us before its password is known to be right: a good
// half second on one core. OpenSSL writes 2,048 rounds, Java 10,000, Windows
// 2,000; newer tools write up to 600,000, in a PFX up to three times: for MAC,
// certificates and key.
const (
	maxIterations = 600_000   // rounds of one key derivation
	maxEffort     = 3_100_000 // hashes of all derivations of a file
)

var (
	errPassword   = errors.New("the password does not fit, or the file is broken")
	errIterations = errors.New("the file asks for too many rounds of key derivation")
	errEncryption = errors.New("the file is encrypted in a way that is not supported")
)

// A password in the forms that PKCS#5 and PKCS#12 want. It counts the hashes
// that its derivations cost, so that a file cannot keep the server busy.
type password struct {
	text   string
	wide   []byte // UTF-16BE with a terminating zero (RFC 7292 appendix B.1)
	effort int
}

func newPassword(s string) *password {
	p := &password{text: s}
	for _, u := range append(utf16.Encode([]rune(s)), 0) {
		p.wide = append(p.wide, byte(u>>8), byte(u))
	}
	return p
}

// noPassword goes into a PKCS#12 derivation as zero bytes. newPassword("") goes
// in as two: its terminating zero.
func noPassword() *password { return &password{} }

// spendPBKDF2 counts a derivation of size bytes: two hashes a round.
func (p *password) spendPBKDF2(newHash func() hash.Hash, salt []byte, rounds, size int) error {
	return p.spend(newHash(), 2*rounds, rounds, size, len(p.text)+len(salt))
}

// spendPKCS12 counts a derivation of size bytes by derive.
func (p *password) spendPKCS12(newHash func() hash.Hash, salt []byte, rounds, size int) error {
	return p.spend(newHash(), rounds, rounds, size, len(p.wide)+len(salt))
}

// spend counts hashes for each block of output, and the input, which goes into
// each. It refuses rounds that are too many, or fewer than one, and more than a
// file may cost. SHA-384 and SHA-512 take twice the time.
func (p *password) spend(h hash.Hash, hashes, rounds, size, input int) error {
	if rounds < 1 || rounds > maxIterations {
		return errIterations
	}
	cost := (hashes + input/h.BlockSize()) * ((size + h.Size() - 1) / h.Size())
	if h.BlockSize() > 64 {
		cost *= 2
	}
	if p.effort += cost; p.effort > maxEffort {
		return errIterations
	}
	return nil
}

// decrypt opens ciphertext by an AlgorithmIdentifier: PBES2 (RFC 8018) with
// PBKDF2 and AES or 3DES, or the PKCS#12 schemes with 3DES or RC2.
func (p *password) decrypt(alg cryptobyte.String, ciphertext []byte) ([]byte, error) {
	var id oid
	var params cryptobyte.String
	if !alg.ReadASN1ObjectIdentifier((*oid)(&id)) || !alg.ReadASN1(&params, asn1.SEQUENCE) {
		return nil, errEncryption
	}
	var block cipher.Block
	var iv []byte
	var err error
	if id.Equal(oidPBES2) {
		block, iv, err = p.pbes2(params)
	} else {
		block, iv, err = p.pkcs12Cipher(id, params)
	}
	if err != nil {
		return nil, err
	}
	n := block.BlockSize()
	if len(iv) != n || len(ciphertext) == 0 || len(ciphertext)%n != 0 {
		return nil, errPassword
	}
	plain := make([]byte, len(ciphertext))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, ciphertext)
	return unpad(plain, n)
}

func unpad(plain []byte, block int) ([]byte, error) {
	n := int(plain[len(plain)-1])
	if n == 0 || n > block {
		return nil, errPassword
	}
	for _, c := range plain[len(plain)-n:] {
		if int(c) != n {
			return nil, errPassword
		}
	}
	return plain[:len(plain)-n], nil
}

func (p *password) pbes2(params cryptobyte.String) (cipher.Block, []byte, error) {
	var kdf, kdfParams, scheme cryptobyte.String
	var id, schemeID oid
	var iv []byte
	if !params.ReadASN1(&kdf, asn1.SEQUENCE) || !kdf.ReadASN1ObjectIdentifier((*oid)(&id)) || !id.Equal(oidPBKDF2) ||
		!kdf.ReadASN1(&kdfParams, asn1.SEQUENCE) || !params.ReadASN1(&scheme, asn1.SEQUENCE) ||
		!scheme.ReadASN1ObjectIdentifier((*oid)(&schemeID)) || !scheme.ReadASN1Bytes(&iv, asn1.OCTET_STRING) {
		return nil, nil, errEncryption
	}
	size, open := 0, aes.NewCipher
	switch {
	case schemeID.Equal(oidAES128CBC):
		size = 16
	case schemeID.Equal(oidAES192CBC):
		size = 24
	case schemeID.Equal(oidAES256CBC):
		size = 32
	case schemeID.Equal(oidDES3CBC):
		size, open = 24, des.NewTripleDESCipher
	default:
		return nil, nil, errEncryption
	}
	key, err := p.pbkdf2(kdfParams, size)
	if err != nil {
		return nil, nil, err
	}
	block, err := open(key)
	return block, iv, err
}

// pbkdf2 derives a key of size bytes; size 0 takes the length that the
// parameters name.
func (p *password) pbkdf2(params cryptobyte.String, size int) ([]byte, error) {
	var salt []byte
	var rounds, length int
	prf := sha1.New // the default of RFC 8018
	if !params.ReadASN1Bytes(&salt, asn1.OCTET_STRING) || !params.ReadASN1Integer(&rounds) {
		return nil, errEncryption
	}
	if params.PeekASN1Tag(asn1.INTEGER) && !params.ReadASN1Integer(&length) {
		return nil, errEncryption
	}
	if !params.Empty() {
		var alg cryptobyte.String
		var id oid
		if !params.ReadASN1(&alg, asn1.SEQUENCE) || !alg.ReadASN1ObjectIdentifier((*oid)(&id)) {
			return nil, errEncryption
		}
		if prf = hashOf(id); prf == nil {
			return nil, errEncryption
		}
	}
	if size == 0 {
		size = length
	}
	if length != 0 && length != size || size < 16 || size > 64 {
		return nil, errEncryption
	}
	if err := p.spendPBKDF2(prf, salt, rounds, size); err != nil {
		return nil, err
	}
	return pbkdf2.Key(prf, p.text, salt, rounds, size)
}

// hashOf returns the hash of a digest or HMAC identifier; nil if unknown.
func hashOf(id oid) func() hash.Hash {
	switch {
	case id.Equal(oidSHA1), id.Equal(oidHMACSHA1):
		return sha1.New
	case id.Equal(oidSHA256), id.Equal(oidHMACSHA256):
		return sha256.New
	case id.Equal(oidSHA384), id.Equal(oidHMACSHA384):
		return sha512.New384
	case id.Equal(oidSHA512), id.Equal(oidHMACSHA512):
		return sha512.New
	}
	return nil
}

func (p *password) pkcs12Cipher(id oid, params cryptobyte.String) (cipher.Block, []byte, error) {
	var salt []byte
	var rounds int
	if !params.ReadASN1Bytes(&salt, asn1.OCTET_STRING) || !params.ReadASN1Integer(&rounds) {
		return nil, nil, errEncryption
	}
	size, open := 0, des.NewTripleDESCipher
	switch {
	case id.Equal(oidPBE3DES):
		size = 24
	case id.Equal(oidPBERC2of128):
		size, open = 16, newRC2
	case id.Equal(oidPBERC2of40):
		size, open = 5, newRC2
	default:
		return nil, nil, errEncryption
	}
	for _, n := range []int{size, des.BlockSize} {
		if err := p.spendPKCS12(sha1.New, salt, rounds, n); err != nil {
			return nil, nil, err
		}
	}
	block, err := open(p.derive(sha1.New, keyMaterial, salt, rounds, size))
	return block, p.derive(sha1.New, ivMaterial, salt, rounds, des.BlockSize), err
}

// What a PKCS#12 derivation is for, RFC 7292 appendix B.3.
const (
	keyMaterial = 1
	ivMaterial  = 2
	macMaterial = 3
)

// derive is the key derivation of RFC 7292 appendix B.2.
func (p *password) derive(newHash func() hash.Hash, purpose byte, salt []byte, rounds, size int) []byte {
	h := newHash()
	v := h.BlockSize()
	diversifier := make([]byte, v)
	for i := range diversifier {
		diversifier[i] = purpose
	}
	state := append(stretch(salt, v), stretch(p.wide, v)...)
	var out []byte
	for {
		h.Reset()
		h.Write(diversifier)
		h.Write(state)
		a := h.Sum(nil)
		for range rounds - 1 {
			h.Reset()
			h.Write(a)
			a = h.Sum(a[:0])
		}
		if out = append(out, a...); len(out) >= size {
			return out[:size]
		}
		addBlocks(state, stretch(a, v)[:v])
	}
}

// stretch repeats b up to a multiple of v bytes; nothing stays nothing.
func stretch(b []byte, v int) []byte {
	out := make([]byte, (len(b)+v-1)/v*v)
	for i := range out {
		out[i] = b[i%len(b)]
	}
	return out
}

// addBlocks adds block and 1 to each block of state, as big-endian numbers.
func addBlocks(state, block []byte) {
	v := len(block)
	for ; len(state) > 0; state = state[v:] {
		carry := 1
		for i := v - 1; i >= 0; i-- {
			carry += int(state[i]) + int(block[i])
			state[i] = byte(carry)
			carry >>= 8
		}
	}
}

// mac returns the HMAC of data by a PKCS#12 key of the password.
func (p *password) mac(newHash func() hash.Hash, salt []byte, rounds int, data []byte) []byte {
	m := hmac.New(newHash, p.derive(newHash, macMaterial, salt, rounds, newHash().Size()))
	m.Write(data)
	return m.Sum(nil)
}
