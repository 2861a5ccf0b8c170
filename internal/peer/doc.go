// Package peer is a Unix socket that knows which user calls: the kernel says so
// (SO_PEERCRED), and nobody can say otherwise. It decides nothing but whom its
// owner wants to hear. Begin with socket.go.
package peer
