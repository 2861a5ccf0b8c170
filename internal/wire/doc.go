// Package wire is how the Key Vault API is written, whatever it is about:
// api-versions and what each knows, JSON bodies, tags, times, queries, tokens of
// pages, paths. It knows no operation and no HTTP. Begin with version.go.
package wire
