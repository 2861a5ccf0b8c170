// Package keys is the craft of key pairs and secret keys: RSA, EC (P-256K
// included, which the standard library does not know) and oct. It makes keys,
// keeps RSA ones ready, reads and writes them as PKCS #8, PKIX and JSON web keys,
// and signs, verifies, encrypts, decrypts, wraps and unwraps with the API's
// algorithms, by the rules of key_ops.
//
// Everything but Pool is a plain function from values to values: no network, no
// disk, no clock, no store. Parsed keys (Key, Public) are values that the caller
// may keep and share among goroutines, so that no key is parsed twice. Invalid
// input is a vault refusal; whatever is wrong with a ciphertext is one and the
// same refusal.
// Begin with key.go and public.go, then algorithm.go, sign.go and encrypt.go; pool.go
// and refill.go keep RSA keys ready.
package keys
