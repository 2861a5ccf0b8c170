// Package tokens is the token service of a production server: it gives access
// tokens for this server's vaults to the clients that the configuration lists,
// so that Azure's SDKs sign in without Entra. A client proves itself by a
// secret, by a key whose certificate is known, by a token of another issuer, or
// by the user that its process runs as.
//
// Tokens follow real time. The signing keys are a sealed row that all servers of
// a database share. It knows nothing of permissions. Begin with service.go.
package tokens
