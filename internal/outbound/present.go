package outbound

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
)

// Present has the client show a certificate (PEM files) where a server asks for
// one. The files are read for each connection, since others renew them; that
// they can be read now is checked.
func (c *Client) Present(cert, key string) error {
	t, ok := c.transport.(*http.Transport)
	if !ok {
		return errors.New("this client has no TLS of its own")
	}
	read := func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("read the client certificate %s: %w", cert, err)
		}
		return &pair, nil
	}
	if _, err := read(); err != nil {
		return err
	}
	t.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return read() }
	return nil
}
