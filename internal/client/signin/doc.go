// Package signin gets the bearer tokens that a vault wants: from where its
// challenge says, by what the caller has: a token, a client's secret or
// certificate, a managed identity, Azure CLI. Secrets go nowhere but to an
// authority that the caller named or that is known. Begin with challenge.go.
package signin
