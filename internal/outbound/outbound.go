// Package outbound is how issuers and notices reach the outside: HTTP over TLS
// with a trust of its own, bounded in time, size and rate. Addresses come from
// the configuration, never from a request, and no answer leads to another host
// (SECURITY.md). It knows no protocol. Begin with Client.
package outbound

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"certwright/internal/vault"
)

// What one call may take.
const (
	dialTime = 10 * time.Second
	callTime = 30 * time.Second
	maxBody  = 1 << 20 // of an answer, in bytes
)

// ErrTooLarge is what reading an answer ends with beyond 1 MiB.
var ErrTooLarge = errors.New("the answer is larger than 1 MiB")

// Client reaches one authority. Every account there has a pace of its own.
type Client struct {
	transport http.RoundTripper
	limits    []Limit

	// Clock is what the time follows at which an authority wants to be asked
	// again; nil is real time. Rates and time-outs follow real time always.
	Clock vault.Clock

	rows vault.Accounts // that servers share; nil: this is the only one (share.go)
	name string         // of the authority in them

	mu    sync.Mutex
	paces map[string]*pace
}

// New returns a client that trusts the certificates in the file caBundle (PEM)
// and no others, or, where that is "", the system's. limits hold for each
// account; none is fine. The proxy of the environment is used.
func New(caBundle string, limits ...Limit) (*Client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if caBundle != "" {
		pool, err := readBundle(caBundle)
		if err != nil {
			return nil, err
		}
		config.RootCAs = pool
	}
	t := &http.Transport{
		Proxy:           http.ProxyFromEnvironment,
		DialContext:     (&net.Dialer{Timeout: dialTime}).DialContext,
		TLSClientConfig: config, TLSHandshakeTimeout: dialTime, ResponseHeaderTimeout: callTime,
		ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute, MaxIdleConnsPerHost: maxCalls,
		MaxResponseHeaderBytes: 64 << 10,
	}
	return &Client{transport: t, limits: limits, paces: map[string]*pace{}}, nil
}

func readBundle(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the CA bundle: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read the CA bundle: %s holds no certificate in PEM", path)
	}
	return pool, nil
}

// CheckURL refuses an address that nobody may be asked at: it must be https,
// or http on this machine, without user, query and fragment.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return fmt.Errorf("%q is not a valid address, as in https://host.example.org/path", address)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%q must have no user, query or fragment", u.Redacted())
	case u.Scheme == "https" || u.Scheme == "http" && IsLocal(u.Hostname()):
		return nil
	}
	return fmt.Errorf("%q must begin with https://; http is for this machine only", address)
}

// IsLocal reports whether a host name or address means this machine alone.
func IsLocal(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}

// HTTP returns an http.Client that keeps the pace of an account. It follows no
// redirect: the answer that asks for one is returned as it is.
func (c *Client) HTTP(account string) *http.Client { return c.HTTPWhere(account, nil) }

// HTTPWhere is HTTP for a protocol whose limits bind less than the account: only
// a limit on what shared says is everybody's request holds up the whole account.
func (c *Client) HTTPWhere(account string, shared func(*http.Request) bool) *http.Client {
	return &http.Client{
		Transport:     &paced{client: c, pace: c.pace(account), shared: shared},
		Timeout:       callTime + maxWait,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// capped ends an answer that is too long with an error, where io.LimitReader would cut it.
type capped struct {
	io.ReadCloser
	left int
	end  func() // called once, when the answer is read or given up
}

// Read implements io.Reader.
func (b *capped) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}

// Close implements io.Closer.
func (b *capped) Close() error {
	b.end()
	return b.ReadCloser.Close()
}

// Plainly shortens an error of a call for people: what went wrong, and where,
// without the method and the query.
func Plainly(err error) string {
	var u *url.Error
	if !errors.As(err, &u) {
		return err.Error()
	}
	if at, parseErr := url.Parse(u.URL); parseErr == nil && at.Host != "" {
		return at.Host + ": " + strings.TrimPrefix(u.Err.Error(), "net/http: ")
	}
	return u.Err.Error()
}
