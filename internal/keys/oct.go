package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"

	"certwright/internal/vault"
)

// NewOct makes an oct key of 128, 192 or 256 bits, ready to be stored; another
// size is a refusal.
func NewOct(bits int) (Stored, error) {
	if bits != 128 && bits != 192 && bits != 256 {
		return Stored{}, vault.BadKeySize(bits, 128, 192, 256)
	}
	k := make([]byte, bits/8)
	rand.Read(k) // never fails (crypto/rand)
	return Stored{Type: vault.Oct, Size: bits, Private: k}, nil
}

// ParseOct takes the bytes of an oct key: 16, 24 or 32 of them, else it is a
// refusal. The bytes are not kept.
func ParseOct(secret []byte) (Key, error) {
	if len(secret) != 16 && len(secret) != 24 && len(secret) != 32 {
		return Key{}, vault.BadKeySize(len(secret)*8, 128, 192, 256)
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return Key{}, fmt.Errorf("set up AES: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return Key{}, fmt.Errorf("set up AES-GCM: %w", err)
	}
	return Key{Public: Public{kind: vault.Oct, size: len(secret) * 8}, block: block, gcm: gcm}, nil
}
