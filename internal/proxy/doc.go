// Package proxy is the listener for programs that have Azure's names built in: an
// HTTP proxy that leads *.vault.azure.net and its kin to this server's https
// listener and every other host to where it is. It reads no traffic: who calls a
// vault speaks TLS with the https listener itself. It may not know what a vault is,
// and belongs on a loopback address only. Begin with proxy.go.
package proxy
