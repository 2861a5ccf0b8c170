package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"

	"certwright/internal/vault"
)

const (
	gcmIV  = 12 // bytes; RFC 7518 section 5.3
	gcmTag = 16
)

func (k Key) sealGCM(a algorithm, in Input) (Output, error) {
	iv := in.IV
	if len(iv) == 0 {
		iv = make([]byte, gcmIV)
		rand.Read(iv) // never fails (crypto/rand)
	}
	if len(iv) != gcmIV {
		return Output{}, vault.WrongLength("iv", len(iv), a.name, gcmIV)
	}
	sealed := k.gcm.Seal(nil, iv, in.Value, in.AAD)
	n := len(sealed) - gcmTag
	return Output{Value: sealed[:n:n], IV: iv, AAD: in.AAD, Tag: sealed[n:]}, nil
}

func (k Key) openGCM(a algorithm, in Input) (Output, error) {
	if len(in.IV) != gcmIV {
		return Output{}, vault.WrongLength("iv", len(in.IV), a.name, gcmIV)
	}
	if len(in.Tag) != gcmTag {
		return Output{}, vault.WrongLength("tag", len(in.Tag), a.name, gcmTag)
	}
	sealed := make([]byte, 0, len(in.Value)+gcmTag)
	sealed = append(append(sealed, in.Value...), in.Tag...)
	value, err := k.gcm.Open(sealed[:0], in.IV, sealed, in.AAD)
	if err != nil {
		return Output{}, vault.CannotDecrypt()
	}
	return Output{Value: value}, nil
}

func (k Key) sealCBC(a algorithm, in Input) (Output, error) {
	if len(in.IV) != aes.BlockSize {
		return Output{}, vault.WrongLength("iv", len(in.IV), a.name, aes.BlockSize)
	}
	value := append([]byte(nil), in.Value...)
	if a.family == aesCBCPad {
		value = pad(value)
	}
	if len(value) == 0 || len(value)%aes.BlockSize != 0 {
		return Output{}, vault.NotBlocks("value", len(value), a.name, aes.BlockSize, aes.BlockSize)
	}
	cipher.NewCBCEncrypter(k.block, in.IV).CryptBlocks(value, value)
	return Output{Value: value, IV: in.IV}, nil
}

// openCBC decrypts. CBC without a MAC cannot tell a changed ciphertext, and
// with padding it tells whoever may call decrypt whether the padding was right,
// here as at the service (OpenAPI, decrypt: "recommends not to use CBC
// algorithms ... without first ensuring the integrity"). Who may call decrypt
// gets the plaintext anyway; the time must not show how far the check came.
func (k Key) openCBC(a algorithm, in Input) (Output, error) {
	if len(in.IV) != aes.BlockSize {
		return Output{}, vault.WrongLength("iv", len(in.IV), a.name, aes.BlockSize)
	}
	if len(in.Value) == 0 || len(in.Value)%aes.BlockSize != 0 {
		return Output{}, vault.CannotDecrypt()
	}
	value := make([]byte, len(in.Value))
	cipher.NewCBCDecrypter(k.block, in.IV).CryptBlocks(value, in.Value)
	if a.family == aesCBCPad {
		n, ok := unpadded(value)
		if !ok {
			return Output{}, vault.CannotDecrypt()
		}
		value = value[:n]
	}
	return Output{Value: value}, nil
}

// pad adds 1 to 16 bytes, each their number (RFC 5652 section 6.3).
func pad(b []byte) []byte {
	n := aes.BlockSize - len(b)%aes.BlockSize
	for range n {
		b = append(b, byte(n))
	}
	return b
}

// unpadded returns the length without padding, in a time that depends on the
// length of b only. b is one block or more.
func unpadded(b []byte) (int, bool) {
	last := b[len(b)-aes.BlockSize:]
	n := int(last[aes.BlockSize-1])
	good := subtle.ConstantTimeLessOrEq(1, n) & subtle.ConstantTimeLessOrEq(n, aes.BlockSize)
	for i, c := range last {
		inside := subtle.ConstantTimeLessOrEq(aes.BlockSize-i, n)
		good &= 1 ^ inside&(1^subtle.ConstantTimeByteEq(c, byte(n)))
	}
	return len(b) - n, good == 1
}
