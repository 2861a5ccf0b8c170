// Package reach finds the vault that a command is about and makes a client of
// it: a server that runs on this machine, one elsewhere, or Azure's. It decides
// by what a caller and the environment say where the vault is, whom to trust and
// how to sign in, and reads no flag. Begin with reach.go.
package reach
