// Package oauth is how the sign-in service that Azure's clients know is
// written: its paths below a tenant, its discovery documents, its answers and
// refusals, the claims of its tokens and their compact form. It gives no token
// and decides nothing; the dev service and the token service of production
// speak it. Begin with path.go.
package oauth
