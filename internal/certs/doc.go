// Package certs is the X.509 craft: alternative names, certificate requests,
// self-signed certificates, chains, and the PFX and PEM forms that go in by
// import and out by secret. Keys are package keys, distinguished names
// package dn, PKCS#12 files package pfx.
//
// Everything is a plain function from values to values: no network, no disk,
// no clock (times are passed in), no knowledge of vaults or stores. The
// standard library refuses the curve P-256K in every place, so requests
// and certificates are built and read here, for all keys alike.
// Begin with request.go and read.go.
package certs
