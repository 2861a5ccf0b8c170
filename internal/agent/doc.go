// Package agent is the managed identity of one service: an endpoint of this
// machine, in the form of App Service's, at which Azure's SDKs ask for tokens. It
// gets them at the socket of a server on this machine, as the user that it runs
// as, or from a token service elsewhere. Begin with agent.go.
package agent
