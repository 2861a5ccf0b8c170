// Package sts plays the services that Azure clients get their tokens from:
// managed identity and the sign-in service with its discovery documents. It is for development servers only: it gives a token to
// everybody. Tokens follow real time, not the server's clock, so time.Now is
// meant here. It knows nothing of vaults. Begin with service.go.
package sts
