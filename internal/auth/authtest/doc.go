// Package authtest plays the issuers whose tokens a production server takes, for
// tests: their keys, discovery documents and tokens, and Microsoft Entra ID with
// both of its versions. It signs with the standard library alone, so that what
// verifies its tokens is not judged by its own code. Begin with Issuer.
package authtest
