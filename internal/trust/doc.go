// Package trust keeps the certificate authority behind the server's TLS doors:
// the files that clients are pointed at, and a leaf for every server name they
// ask for. It never signs what the vault issues; that is another authority
// (docs/operate.md). TLS follows real time, not the
// server's clock, so time.Now is meant here. Begin with authority.go.
package trust
