package tokens

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // a name, not a proof
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"certwright/internal/certs/dn"
)

func (c CertificateSettings) check() error {
	switch {
	case c.File != "" && c.X5T == "" && c.CA == "" && c.Subject == "":
		return nil
	case c.X5T != "" && c.File == "" && c.CA == "" && c.Subject == "":
		if len(thumbprint(c.X5T)) != sha256.Size {
			return fmt.Errorf("x5t_s256: %q is not the SHA-256 of a certificate in base64url or hexadecimal digits", c.X5T)
		}
		return nil
	case c.CA != "" && c.Subject != "" && c.File == "" && c.X5T == "":
		if _, err := dn.Parse(c.Subject); err != nil {
			return fmt.Errorf("subject: %w", err)
		}
		return nil
	}
	return errors.New("set one of: file, the certificate; x5t_s256, its thumbprint; ca and subject, who signs it and for whom")
}

// A certificate tells whose assertions are a client's: those of one certificate,
// known as a whole or by its thumbprint, or those of an authority for a subject.
type certificate struct {
	known   *x509.Certificate
	print   []byte // SHA-256
	roots   *x509.CertPool
	subject []byte // DER
}

func openCertificate(c CertificateSettings) (out certificate, err error) {
	switch {
	case c.X5T != "":
		out.print = thumbprint(c.X5T)
		return out, nil
	case c.File != "":
		all, err := readCertificates(c.File)
		if err != nil {
			return out, err
		}
		out.known = all[0]
		return out, checkKey(all[0])
	}
	all, err := readCertificates(c.CA)
	if err != nil {
		return out, err
	}
	out.roots = x509.NewCertPool()
	for _, cert := range all {
		out.roots.AddCert(cert)
	}
	out.subject, err = dn.Parse(c.Subject)
	return out, err
}

// readCertificates reads the certificates of a PEM file; keys in it are passed over.
func readCertificates(path string) (all []*x509.Certificate, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read a certificate: %w", err)
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, cert)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: there is no certificate in it\nhint: it must be in PEM, and begin with -----BEGIN CERTIFICATE-----", path)
	}
	return all, nil
}

// checkKey refuses keys that no assertion may be signed with.
func checkKey(cert *x509.Certificate) error {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() >= 2048 {
			return nil
		}
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			return nil
		}
	}
	return fmt.Errorf("the key of certificate %s must be RSA with 2048 bits or more, or on P-256", cert.Subject)
}

// is reports whether the certificate that the header names, or brought along,
// is one of these. The key is then proved by the signature.
func (c certificate) is(h header, brought []*x509.Certificate, now time.Time) *x509.Certificate {
	if c.known != nil {
		if h.names(c.known) {
			return c.known
		}
		return nil
	}
	if len(brought) == 0 || checkKey(brought[0]) != nil {
		return nil
	}
	leaf := brought[0]
	print := sha256.Sum256(leaf.Raw)
	if c.print != nil && bytes.Equal(c.print, print[:]) || c.roots != nil && c.signed(brought, now) {
		return leaf
	}
	return nil
}

// signed reports whether one of the authorities vouches for the first certificate.
func (c certificate) signed(brought []*x509.Certificate, now time.Time) bool {
	between := x509.NewCertPool()
	for _, cert := range brought[1:] {
		between.AddCert(cert)
	}
	_, err := brought[0].Verify(x509.VerifyOptions{
		Roots: c.roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err == nil && bytes.Equal(brought[0].RawSubject, c.subject)
}

// names reports whether the header names a certificate: by x5t or kid in any
// dialect of base64 or in hexadecimal digits, by x5t#S256, or not at all.
func (h header) names(cert *x509.Certificate) bool {
	short, long := sha1.Sum(cert.Raw), sha256.Sum256(cert.Raw) //nolint:gosec // as clients name it
	said := false
	for _, text := range []string{h.X5TS256, h.X5T, h.Kid} {
		if text == "" {
			continue
		}
		said = true
		if raw := thumbprint(text); bytes.Equal(raw, short[:]) || bytes.Equal(raw, long[:]) {
			return true
		}
	}
	return !said
}

// thumbprint reads a hash as clients write it.
func thumbprint(text string) []byte {
	if raw, err := hex.DecodeString(strings.ReplaceAll(text, ":", "")); err == nil {
		return raw
	}
	raw, err := anyBase64.DecodeString(strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(text))
	if err != nil {
		return nil
	}
	return raw
}
