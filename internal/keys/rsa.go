package keys

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"fmt"

	"certwright/internal/vault"
)

// longest returns how many bytes an RSA key of n bytes can encrypt (RFC 8017
// sections 7.1.1 and 7.2.1).
func (a algorithm) longest(n int) int {
	if a.family == oaepEncryption {
		return n - 2*a.hash.Size() - 2
	}
	return n - 11
}

func (k Key) sealRSA(a algorithm, in Input) (Output, error) {
	pub, ok := k.key.(*rsa.PublicKey)
	if !ok {
		return Output{}, errNoKey
	}
	if most := a.longest(k.bytes()); len(in.Value) > most {
		return Output{}, vault.TooLong("value", len(in.Value), a.name, most)
	}
	var value []byte
	var err error
	if a.family == oaepEncryption {
		value, err = rsa.EncryptOAEP(a.hash.New(), rand.Reader, pub, in.Value, nil)
	} else {
		value, err = rsa.EncryptPKCS1v15(rand.Reader, pub, in.Value)
	}
	if err != nil {
		return Output{}, fmt.Errorf("encrypt with %s: %w", a.name, err)
	}
	return Output{Value: value}, nil
}

// openRSA decrypts. The standard library computes in constant time and looks
// at the padding in constant time, and every failure is the same refusal here.
//
// What cannot be hidden with RSA1_5 is whether the padding was right: the
// contract answers 200 with the plaintext or 400 without, so whoever may call
// decrypt or unwrapKey has an oracle on PKCS #1 v1.5 padding, with this server as
// with the service, and could in a million calls make one signature with the
// key. Answering with random bytes in place of a refusal (as TLS does, and
// rsa.DecryptPKCS1v15SessionKey) needs to know the length beforehand, which this
// API does not, and would break the contract. The remedy is the caller's: a key
// whose key_ops have either sign or decrypt and unwrapKey, and RSA-OAEP.
func (k Key) openRSA(a algorithm, in Input) (Output, error) {
	key, ok := k.signer.(crypto.Decrypter)
	if !ok {
		return Output{}, errNoKey
	}
	if len(in.Value) != k.bytes() {
		return Output{}, vault.CannotDecrypt()
	}
	var opts crypto.DecrypterOpts // nil: PKCS #1 v1.5
	if a.family == oaepEncryption {
		opts = &rsa.OAEPOptions{Hash: a.hash}
	}
	value, err := key.Decrypt(rand.Reader, in.Value, opts)
	if err != nil {
		return Output{}, vault.CannotDecrypt()
	}
	return Output{Value: value}, nil
}
