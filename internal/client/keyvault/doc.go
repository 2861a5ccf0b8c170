// Package keyvault is a small client of the Azure Key Vault API: it asks any
// server that speaks it, this program's or Azure's own, as Azure's SDKs do. It
// knows no flag and prints nothing. Begin with client.go; how a call proves who
// it is, is challenge.go and package signin.
package keyvault
