package trust

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"certwright/internal/authority"
)

const (
	leafLifetime = 90 * 24 * time.Hour
	leafRenewal  = 30 * 24 * time.Hour // minted anew when less than this is left
)

// GetCertificate returns a leaf for the server name that a client asks for, or,
// where it names none, as with an IP address in the URL, for the address at
// which it reached the server. Every leaf also holds localhost, 127.0.0.1 and
// ::1. Names that are neither local nor among Hosts get none: the handshake
// fails, and http.Server logs why. It goes into tls.Config.GetCertificate.
func (a *Authority) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.TrimSuffix(strings.ToLower(hello.ServerName), ".")
	if name == "" {
		return a.leaf("", localAddress(hello.Conn))
	}
	if !isServerName(name) {
		return nil, fmt.Errorf("the server name %.80q is not a host name", hello.ServerName)
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return a.leaf("", localAddress(hello.Conn))
	}
	if !a.serves(name) {
		return nil, fmt.Errorf("the server name %.253q is not a local one; hint: to serve it, name it or *. and its end under hosts in the configuration file", hello.ServerName)
	}
	return a.leaf(name, netip.Addr{})
}

// leaf finds or mints the leaf for a name, or for an address where there is none.
func (a *Authority) leaf(name string, addr netip.Addr) (*tls.Certificate, error) {
	key := name
	if key == "" && addr.IsValid() && !addr.IsLoopback() {
		key = addr.String()
	}
	now := time.Now()
	a.mu.Lock()
	kept := a.leaves.find(key, now.Add(leafRenewal))
	a.mu.Unlock()
	if kept != nil {
		return kept, nil
	}
	// Minted without the lock; two clients at once may both mint, and the last is kept.
	made, err := a.mint(name, addr, now)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.leaves.keep(key, made, a.limit())
	return made, nil
}

func (a *Authority) limit() int {
	if a.Limit > 0 {
		return a.Limit
	}
	return 1000
}

func (a *Authority) mint(name string, addr netip.Addr, now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a TLS key: %w", err)
	}
	names := []string{"localhost"}
	if name != "" && name != "localhost" {
		names = []string{name, "localhost"}
	}
	form := x509.Certificate{
		SerialNumber: authority.NewSerial(serialOctets),
		Subject:      pkix.Name{Organization: []string{"Certwright"}},
		NotBefore:    now.Add(-authority.Backdate),
		NotAfter:     now.Add(leafLifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     names,
		IPAddresses:  a.addresses(addr),
	}
	if len(names[0]) <= 64 { // ub-common-name, RFC 5280 appendix A
		form.Subject.CommonName = names[0]
	}
	der, err := a.own.Leaf(key.Public(), form)
	if err != nil {
		return nil, fmt.Errorf("make a TLS leaf: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read a TLS leaf: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

// addresses lists the addresses of a leaf, each once.
func (a *Authority) addresses(reached netip.Addr) []net.IP {
	var ips []net.IP
	seen := map[netip.Addr]bool{}
	for _, addr := range append([]netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback(), reached}, a.Addresses...) {
		addr = addr.Unmap().WithZone("")
		if addr.IsValid() && !addr.IsUnspecified() && !seen[addr] {
			seen[addr] = true
			ips = append(ips, addr.AsSlice())
		}
	}
	return ips
}

func localAddress(c net.Conn) netip.Addr {
	if c == nil {
		return netip.Addr{}
	}
	at, err := netip.ParseAddrPort(c.LocalAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap().WithZone("")
}

// isServerName reports whether s, in lower case, is a host name: labels of
// letters, digits, hyphens and underscores, as resolvers take them.
func isServerName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}
