// Package vault holds the nouns of the service: objects and their versions,
// policies, the pending operation, issuers, jobs, refusals, and the interfaces
// that the outer floors fill in. The rules of policies and of renewals stand
// above it, in packages policy and renewal.
//
// It imports only the standard library and touches no network, disk or clock:
// every time it needs is passed in. Nouns are values; a transition returns the
// new value. Begin with object.go, then operation.go, then store.go.
package vault
