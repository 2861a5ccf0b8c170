// Package vaults has the commands about what is in a vault: certificates,
// issuers, contacts, keys, secrets. They ask the Key Vault API alone, so that they
// do the same at a server that runs here, at one elsewhere and at Azure's; orders
// at the side door are beside them in package main. A file for each noun has its
// flags, help and printing. Begin with at.go and cert.go.
package vaults
