// Package auth finds out who asks and which vault is meant: the bearer
// challenge of Key Vault, the token or client certificate behind it, the address
// that a request came from, and the vault's name in the Host header. It reads
// requests and answers nothing itself; what a caller may do is the access
// package's business. A development server believes every token (Known); a
// production server has a Verifier, which knows its issuers' keys. Begin with
// authenticator.go, then verify.go.
package auth
