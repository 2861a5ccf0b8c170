// Package api turns HTTP requests into calls of package service and the results
// into the bytes that SDKs expect.
//
// It decides nothing about certificates and keeps nothing: one row of the table
// in routes.go per operation, each of which decodes, makes one service call and
// encodes; the operations that every kind has are in kind.go. serve.go is the
// one way that every request takes; begin with these, then read the noun you are
// after: certificate.go, policy.go, ...
package api
