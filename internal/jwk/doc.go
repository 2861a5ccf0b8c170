// Package jwk is the craft of JSON web keys: the algorithms that a vault's keys
// sign, verify, encrypt, decrypt, wrap and unwrap with, the import of private
// keys, and the rules of key_ops.
//
// Everything is a plain function from values to values: no network, no disk,
// no clock, no store. Parsed keys (Public, Private) are values that the caller
// may keep and share among goroutines, so that no key is parsed twice. Inputs
// that will not do are vault refusals; whatever may be wrong with a ciphertext
// is one and the same refusal. The X.509 side of keys, and the making of new
// RSA and EC ones, is package certs.
// Begin with key.go, then algorithm.go, sign.go and encrypt.go.
package jwk
