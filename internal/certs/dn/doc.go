// Package dn reads and writes distinguished names: as Windows and .NET spell
// them in the subject of a policy, and as DER in requests and certificates.
// Begin with parse.go and render.go.
package dn
