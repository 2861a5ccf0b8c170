package pfx

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/rc4"
	"crypto/sha1"
	"errors"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

var (
	// ErrEncryption: the file is encrypted, or its MAC made, by an algorithm that is not read here.
	ErrEncryption = errors.New("the file is encrypted in a way that is not supported")

	errPassword = errors.New("the password is wrong, or the file is broken")
	errBroken   = errors.New("the parameters of the encryption cannot be read")
)

// decrypt opens ciphertext by an AlgorithmIdentifier: PBES2 (RFC 8018) with
// PBKDF2 and AES or 3DES, or one of the six PKCS#12 schemes of RFC 7292
// appendix C.
func (p *Password) decrypt(alg cryptobyte.String, ciphertext []byte) ([]byte, error) {
	var id oid
	var params cryptobyte.String
	if !alg.ReadASN1ObjectIdentifier(&id) || !alg.ReadASN1(&params, asn1.SEQUENCE) {
		return nil, errBroken
	}
	if id.Equal(oidPBES2) {
		block, iv, err := p.pbes2(params)
		if err != nil {
			return nil, err
		}
		return decryptCBC(block, iv, ciphertext)
	}
	for _, s := range pkcs12Schemes() {
		if id.Equal(s.id) {
			return p.decryptPKCS12(s, params, ciphertext)
		}
	}
	return nil, ErrEncryption
}

func decryptCBC(block cipher.Block, iv, ciphertext []byte) ([]byte, error) {
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

func (p *Password) pbes2(params cryptobyte.String) (cipher.Block, []byte, error) {
	var kdf, kdfParams, scheme cryptobyte.String
	var id, schemeID oid
	var iv []byte
	if !params.ReadASN1(&kdf, asn1.SEQUENCE) || !kdf.ReadASN1ObjectIdentifier(&id) ||
		!kdf.ReadASN1(&kdfParams, asn1.SEQUENCE) || !params.ReadASN1(&scheme, asn1.SEQUENCE) ||
		!scheme.ReadASN1ObjectIdentifier(&schemeID) {
		return nil, nil, errBroken
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
	}
	if size == 0 || !id.Equal(oidPBKDF2) {
		return nil, nil, ErrEncryption
	}
	if !scheme.ReadASN1Bytes(&iv, asn1.OCTET_STRING) {
		return nil, nil, errBroken
	}
	key, err := p.pbkdf2(kdfParams, size)
	if err != nil {
		return nil, nil, err
	}
	block, err := open(key)
	return block, iv, err
}

// A pkcs12Scheme is a cipher whose key comes from the derivation of RFC 7292
// with SHA-1. The stream cipher RC4 has no block, no IV and no padding.
type pkcs12Scheme struct {
	id    oid
	size  int // of the key, in bytes
	block func(key []byte) (cipher.Block, error)
}

func pkcs12Schemes() []pkcs12Scheme {
	return []pkcs12Scheme{
		{oidPBE3DES, 24, des.NewTripleDESCipher},
		{oidPBE3DESof2, 16, newTwoKey3DES},
		{oidPBERC2of128, 16, newRC2},
		{oidPBERC2of40, 5, newRC2},
		{oidPBERC4of128, 16, nil},
		{oidPBERC4of40, 5, nil},
	}
}

// newTwoKey3DES uses the first of two DES keys again as the third.
func newTwoKey3DES(key []byte) (cipher.Block, error) {
	return des.NewTripleDESCipher(slices.Concat(key, key[:des.BlockSize]))
}

func (p *Password) decryptPKCS12(s pkcs12Scheme, params cryptobyte.String, ciphertext []byte) ([]byte, error) {
	var salt []byte
	if !params.ReadASN1Bytes(&salt, asn1.OCTET_STRING) {
		return nil, errBroken
	}
	rounds, err := readRounds(&params)
	if err != nil {
		return nil, err
	}
	key, err := p.pkcs12(sha1.New, keyMaterial, salt, rounds, s.size)
	if err != nil {
		return nil, err
	}
	if s.block == nil {
		return decryptRC4(key, ciphertext)
	}
	block, err := s.block(key)
	if err != nil {
		return nil, err
	}
	iv, err := p.pkcs12(sha1.New, ivMaterial, salt, rounds, block.BlockSize())
	if err != nil {
		return nil, err
	}
	return decryptCBC(block, iv, ciphertext)
}

func decryptRC4(key, ciphertext []byte) ([]byte, error) {
	c, err := rc4.NewCipher(key)
	if err != nil {
		return nil, err
	}
	plain := make([]byte, len(ciphertext))
	c.XORKeyStream(plain, ciphertext)
	return plain, nil
}
