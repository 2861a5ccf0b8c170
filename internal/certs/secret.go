package certs

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"slices"

	"certwright/internal/certs/pfx"
	"certwright/internal/keys"
	"certwright/internal/vault"
)

// A SecretForm says how the values of secrets are written. It is recorded with
// each version of a certificate, so that its value is the same bytes for ever,
// whatever is the form of later ones.
type SecretForm int

// SecretForm3DES is the form of today: a PFX under 3DES and SHA-1, as the service writes
// it, or PEM.
const SecretForm3DES SecretForm = 1

// SecretValue writes the value of the secret of a certificate's version: a PFX in
// base64, or PEM where contentType says so. private is the key as it is stored
// (PKCS #8 DER), nil where it must not be handed out; leaf is the certificate of
// the key, chain all that there are, as the version has them; id is the version's.
// It is a function of these and of the form: what the salts of a PFX are derived
// from is the key and the id.
func SecretValue(private, leaf []byte, chain [][]byte, contentType, id string, form SecretForm) (string, error) {
	if form != SecretForm3DES {
		return "", fmt.Errorf("write the secret: its form %d is unknown to this program", form)
	}
	if contentType == vault.PEM {
		return secretPEM(private, chain)
	}
	at := slices.IndexFunc(chain, func(der []byte) bool { return bytes.Equal(der, leaf) })
	der, err := pfx.Write(private, chain, at, secretSeed(private, id))
	return base64.StdEncoding.EncodeToString(der), err
}

// secretSeed is what the salts of a version's PFX are derived from.
func secretSeed(private []byte, id string) []byte {
	h := hmac.New(sha256.New, private)
	h.Write([]byte("certwright secret 1\x00" + id))
	return h.Sum(nil)
}

// WritePEM writes a key and certificates as the PEM value of a secret. A nil key
// leaves the certificates alone.
func WritePEM(k *keys.Key, chain [][]byte) (string, error) {
	var private []byte
	if k != nil {
		var err error
		if private, err = k.PKCS8(); err != nil {
			return "", err
		}
	}
	return secretPEM(private, chain)
}

// secretPEM writes the private key as PKCS#8, then the certificates as they stand
// in chain; 64 columns, line feeds (docs/contract/keys-and-secrets.md).
func secretPEM(private []byte, chain [][]byte) (string, error) {
	var b bytes.Buffer
	if private != nil {
		if err := pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: private}); err != nil {
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
