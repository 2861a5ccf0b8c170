// Package sts plays the services that Azure clients get their tokens from:
// managed identity, the sign-in service with its discovery documents, and what
// the command line asks when it learns about a cloud (CLIENTS MUST 6 and 7,
// SHOULD 18 and 19). It is for development servers only: it gives a token to
// everybody. Tokens follow real time, not the server's clock, so time.Now is
// meant here. It knows nothing of vaults. Begin with service.go.
package sts
