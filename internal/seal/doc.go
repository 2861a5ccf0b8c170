// Package seal keeps private keys, secrets and issuer passwords unreadable at
// rest: envelope encryption by Tink (ARCHITECTURE.md).
//
// A file outside the database, mode 0600, holds the key-encryption keys. They
// wrap one keyset of data keys per database, which lies in the account
// DataKeys, and every value is sealed with AES256-GCM under a data key, with
// its place as associated data. The data keys are unwrapped once, at Open:
// a wrapped key per value would cost an unwrap per read, and a network call
// each once the file gives way to an HSM; and a new key-encryption key means
// writing one row, not all.
//
// It never logs, and no error of it shows a plaintext or a key. Begin with
// open.go, then keyset.go.
package seal

// File is the name of the key-encryption keys' file in a data folder.
const File = "keyset.json"
