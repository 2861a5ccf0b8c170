package trust

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"software.sslmate.com/src/go-pkcs12"

	"certwright/internal/files"
)

// TruststorePassword opens truststore.p12; it is Java's customary one and
// protects nothing, since certificates are public.
const TruststorePassword = "changeit"

// systemBundles are where systems keep the roots they trust; the first that is
// there is taken.
var systemBundles = []string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Alpine, Arch
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL
	"/etc/pki/tls/certs/ca-bundle.crt",                  // older RHEL
	"/etc/ssl/ca-bundle.pem",                            // SUSE
	"/etc/ssl/cert.pem",                                 // macOS, BSD
	"/usr/local/etc/ssl/cert.pem",                       // FreeBSD
}

// systemRoots returns the system's bundle, or nothing where none is found.
func systemRoots() []byte {
	for _, path := range systemBundles {
		if b, err := os.ReadFile(path); err == nil && len(b) > 0 {
			return b
		}
	}
	return nil
}

// export writes the bundle, for clients whose variable replaces the roots they
// would otherwise trust (docs/contract/connecting.md), and the truststore with the same
// content, unless both are there and say the same.
func (a *Authority) export(roots []byte) error {
	bundle := append(bytes.TrimRight(bytes.Clone(roots), "\n"), '\n')
	bundle = append(bytes.TrimLeft(bundle, "\n"), a.PEM()...)
	old, err := os.ReadFile(a.Path(BundleFile))
	if err == nil && bytes.Equal(old, bundle) {
		if _, err = os.Stat(a.Path(TruststoreFile)); err == nil {
			return nil
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the bundle: %w", err)
	}
	store, err := a.truststore(roots)
	if err != nil {
		return fmt.Errorf("make the truststore: %w", err)
	}
	// The bundle comes last: while it differs, the next start writes both.
	if err := files.Replace(a.Path(TruststoreFile), store, 0o644); err != nil {
		return err
	}
	return files.Replace(a.Path(BundleFile), bundle, 0o644)
}

// truststore returns a PKCS#12 file with ours and the system's roots, each
// under a name of its own, in the algorithms that Java reads since 8u301.
func (a *Authority) truststore(roots []byte) ([]byte, error) {
	entries := []pkcs12.TrustStoreEntry{{Cert: a.own.Certificate, FriendlyName: "certwright"}}
	for block, rest := pem.Decode(roots); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			continue // a root that Go cannot read is one that Java can do without here
		}
		name := fmt.Sprintf("system %d %s", len(entries), cert.Subject.CommonName)
		entries = append(entries, pkcs12.TrustStoreEntry{Cert: cert, FriendlyName: name})
	}
	return pkcs12.Modern2023.EncodeTrustStoreEntries(entries, TruststorePassword)
}
