// Package client is how programs talk to a running server: typed calls of its
// side door, and an HTTP client for its vaults. Requests and answers are the
// types of package admin, which answers them. Begin with Find.
package client
