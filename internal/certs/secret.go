package certs

import (
	"bytes"
	"encoding/pem"
	"fmt"

	"certwright/internal/keys"
)

// WritePEM writes the secret of a certificate as PEM: the private key as
// PKCS#8, then the certificates as they stand in chain; 64 columns, line feeds
// (docs/contract/keys-and-secrets.md). A nil key leaves the certificates alone.
func WritePEM(k *keys.Key, chain [][]byte) (string, error) {
	var b bytes.Buffer
	if k != nil {
		der, err := k.PKCS8()
		if err != nil {
			return "", err
		}
		if err := pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: der}); err != nil {
			return "", fmt.Errorf("write PEM: %w", err)
		}
	}
	for _, der := range chain {
		if err := pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
			return "", fmt.Errorf("write PEM: %w", err)
		}
	}
	return b.String(), nil
}
