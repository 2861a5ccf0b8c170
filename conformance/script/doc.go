// Package script runs readable request scripts against a vault server: text
// files in which each step says a request and, below a line of dashes, the
// whole answer that must come back.
//
// It knows HTTP and JSON and nothing of the server's packages; what it judges,
// it judges from outside. Begin with Parse and Target.Run; the language is
// described in conformance/README.md.
package script
