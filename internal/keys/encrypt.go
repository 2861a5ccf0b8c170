package keys

import (
	"certwright/internal/vault"
)

// An Input is what an encryption, decryption, wrap or unwrap works on. IV, AAD
// and Tag are for AES only.
type Input struct {
	Alg          string
	Value        []byte
	IV, AAD, Tag []byte
}

// An Output is what came of it. IV, AAD and Tag are nil where the algorithm has none.
type Output struct {
	Value        []byte
	IV, AAD, Tag []byte
}

// Encrypt encrypts with an RSA public key; an oct key needs Key.Encrypt. An
// algorithm that is not for this key, or a value it cannot take, is a refusal.
func (p Public) Encrypt(in Input) (Output, error) {
	return Key{Public: p}.seal(in, vault.OpEncrypt)
}

// Wrap encrypts a key with an RSA public key; an oct key needs Key.Wrap.
func (p Public) Wrap(in Input) (Output, error) { return Key{Public: p}.seal(in, vault.OpWrapKey) }

// Encrypt encrypts with the public part of an RSA key, or with an oct key.
// GCM makes a random 12-byte IV where none is given, and returns it with AAD
// and tag; CBC needs an IV of 16 bytes (Azure/azure-sdk-for-net#16175).
func (k Key) Encrypt(in Input) (Output, error) { return k.seal(in, vault.OpEncrypt) }

// Wrap encrypts a key with the public part of an RSA key, or with an oct key by
// RFC 3394.
func (k Key) Wrap(in Input) (Output, error) { return k.seal(in, vault.OpWrapKey) }

// Decrypt undoes Encrypt. A ciphertext that does not open is one and the same
// refusal, whatever is wrong with it; algorithm and lengths of IV and tag, which
// say nothing about the key, are refused by name.
func (k Key) Decrypt(in Input) (Output, error) { return k.open(in, vault.OpDecrypt) }

// Unwrap undoes Wrap, and refuses as Decrypt does.
func (k Key) Unwrap(in Input) (Output, error) { return k.open(in, vault.OpUnwrapKey) }

func (k Key) seal(in Input, op string) (Output, error) {
	a, err := k.encryption(in.Alg, op)
	if err != nil {
		return Output{}, err
	}
	switch a.family {
	case aesWrap:
		return k.wrapAES(a, in)
	case aesGCM:
		return k.sealGCM(a, in)
	case aesCBC, aesCBCPad:
		return k.sealCBC(a, in)
	}
	return k.sealRSA(a, in)
}

func (k Key) open(in Input, op string) (Output, error) {
	a, err := k.encryption(in.Alg, op)
	if err != nil {
		return Output{}, err
	}
	switch a.family {
	case aesWrap:
		return k.unwrapAES(in)
	case aesGCM:
		return k.openGCM(a, in)
	case aesCBC, aesCBCPad:
		return k.openCBC(a, in)
	}
	return k.openRSA(a, in)
}

func (k Key) encryption(alg, op string) (algorithm, error) {
	a, err := find(alg, op)
	if err != nil {
		return a, err
	}
	if err := k.fits(a); err != nil {
		return a, err
	}
	if k.kind == vault.Oct && k.block == nil {
		return a, errNoKey
	}
	return a, nil
}
