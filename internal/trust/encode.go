package trust

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
)

// EncodePair writes a certificate with its chain, and its key, as the files that
// OpenPair reads.
func EncodePair(c *tls.Certificate) (cert, key []byte, err error) {
	for _, der := range c.Certificate {
		cert = append(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	return cert, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}
