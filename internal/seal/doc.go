// Package seal keeps private keys, secrets and issuer passwords unreadable at
// rest: envelope encryption by Tink (ARCHITECTURE.md).
//
// A key-encryption key outside the database, in a file of mode 0600, at a server
// or behind a program, wraps one keyset of data keys per database, which lies in
// the account DataKeys, and every value is sealed with AES256-GCM under a data
// key, with its place as associated data. The data keys are unwrapped once, at
// Open: a wrapped key per value would cost an unwrap per read, and a network call
// each. Several key-encryption keys may wrap the same data keys, and another one
// means writing one row, not all.
//
// It never logs, and no error of it shows a plaintext or a key. Begin with
// open.go, then keyset.go, wraps.go, and rotate.go for how keys change.
package seal

// File is the name of the key-encryption keys' file in a data folder.
const File = "keyset.json"
