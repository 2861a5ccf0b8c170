package keys

import (
	"crypto/subtle"
	"encoding/binary"

	"certwright/internal/vault"
)

// The initial value of RFC 3394 section 2.2.3.1, which unwrapping checks.
const wrapIV = 0xA6A6A6A6A6A6A6A6

// wrapAES wraps by RFC 3394 section 2.2.1: two or more 64-bit halves.
func (k Key) wrapAES(a algorithm, in Input) (Output, error) {
	if len(in.Value) < 16 || len(in.Value)%8 != 0 {
		return Output{}, vault.NotBlocks("value", len(in.Value), a.name, 8, 16)
	}
	out := make([]byte, 8+len(in.Value))
	copy(out[8:], in.Value)
	n := len(in.Value) / 8
	var block [16]byte
	binary.BigEndian.PutUint64(block[:8], wrapIV)
	for t := range 6 * n {
		half := out[8+t%n*8:][:8]
		copy(block[8:], half)
		k.block.Encrypt(block[:], block[:])
		mix(block[:8], t+1)
		copy(half, block[8:])
	}
	copy(out, block[:8])
	return Output{Value: out}, nil
}

// unwrapAES undoes it by section 2.2.2; the check value is compared in constant time.
func (k Key) unwrapAES(in Input) (Output, error) {
	if len(in.Value) < 24 || len(in.Value)%8 != 0 {
		return Output{}, vault.CannotDecrypt()
	}
	out := append([]byte(nil), in.Value[8:]...)
	n := len(out) / 8
	var block, want [16]byte
	copy(block[:8], in.Value)
	for t := 6*n - 1; t >= 0; t-- {
		half := out[t%n*8:][:8]
		mix(block[:8], t+1)
		copy(block[8:], half)
		k.block.Decrypt(block[:], block[:])
		copy(half, block[8:])
	}
	binary.BigEndian.PutUint64(want[:8], wrapIV)
	if subtle.ConstantTimeCompare(block[:8], want[:8]) != 1 {
		return Output{}, vault.CannotDecrypt()
	}
	return Output{Value: out}, nil
}

func mix(a []byte, t int) {
	binary.BigEndian.PutUint64(a, binary.BigEndian.Uint64(a)^uint64(t))
}
