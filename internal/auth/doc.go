// Package auth finds out who asks and which vault is meant: the bearer
// challenge of Key Vault, the token behind it, and the vault's name in the
// Host header. It reads requests and answers nothing itself; what a caller may
// do is the access package's business. Begin with authenticator.go.
package auth
