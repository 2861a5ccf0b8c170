package trust

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"certwright/internal/authority"
	"certwright/internal/files"
)

// The files in the data folder. All may be read by everybody but the key,
// which is a PKCS#8 file of mode 0600 of its own: it signs only TLS leaves,
// and has to be there before the database and its keyset are opened.
const (
	CAFile         = "ca.pem"
	KeyFile        = "ca-key.pem"
	BundleFile     = "ca-bundle.pem"
	TruststoreFile = "truststore.p12"
)

// caYears is how long the authority lasts; replacing it means telling every
// client again.
const caYears = 10

// An Authority signs TLS leaves. Its fields may be set until the first use.
type Authority struct {
	Addresses []netip.Addr // in every leaf, beside 127.0.0.1 and ::1
	Hosts     []string     // names that get leaves beside the local ones, as Matches takes them
	Limit     int          // of leaves kept; 0 means 1,000

	dir string
	own authority.Authority

	mu     sync.Mutex
	leaves leaves
}

// Open reads the authority in the folder dir, or makes it where there is none,
// and brings the bundle and the truststore up to date.
func Open(dir string) (*Authority, error) {
	a := &Authority{dir: dir}
	err := a.read()
	if errors.Is(err, fs.ErrNotExist) {
		err = a.create()
	}
	if err != nil {
		return nil, fmt.Errorf("open the TLS authority: %w", err)
	}
	if err := a.export(systemRoots()); err != nil {
		return nil, err
	}
	return a, nil
}

// Path returns where one of the files is, absolute if the folder was.
func (a *Authority) Path(file string) string { return filepath.Join(a.dir, file) }

// Certificate returns the authority's own certificate.
func (a *Authority) Certificate() *x509.Certificate { return a.own.Certificate }

// PEM returns the authority's certificate as in ca.pem.
func (a *Authority) PEM() []byte { return authority.PEM(a.own.Certificate.Raw) }

// read loads certificate and key. fs.ErrNotExist means that there is no
// certificate: a key alone is what a start that was killed leaves, and nobody
// trusts it.
func (a *Authority) read() error {
	certPEM, err := os.ReadFile(a.Path(CAFile))
	if err != nil {
		return err
	}
	keyPEM, err := os.ReadFile(a.Path(KeyFile))
	if err != nil {
		// %v: a missing key must not read as a missing authority.
		return fmt.Errorf("read the key of %s: %v; remove that file to have a new authority made", a.Path(CAFile), err)
	}
	cert, err := parseCertificate(certPEM)
	if err != nil {
		return fmt.Errorf("read %s: %w", a.Path(CAFile), err)
	}
	key, err := parseKey(keyPEM)
	if err != nil {
		return fmt.Errorf("read %s: %w", a.Path(KeyFile), err)
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return fmt.Errorf("%s does not belong to %s; remove both to have a new authority made", KeyFile, a.Path(CAFile))
	}
	if time.Now().Add(leafLifetime).After(cert.NotAfter) {
		return fmt.Errorf("%s ends on %s; remove it and %s to have a new authority made",
			a.Path(CAFile), cert.NotAfter.Format(time.DateOnly), KeyFile)
	}
	a.own = authority.Authority{Certificate: cert, Key: key}
	return nil
}

// create makes the authority. The key is written first and the certificate
// last, each in one step, so that a start that is killed in between can be made again.
func (a *Authority) create() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make the TLS authority's key: %w", err)
	}
	if a.own, err = authority.Root(key, ownForm(time.Now())); err != nil {
		return fmt.Errorf("make the TLS authority: %w", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("write the TLS authority's key: %w", err)
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	if err := files.Replace(a.Path(KeyFile), keyPEM, 0o600); err != nil {
		return err
	}
	return files.Replace(a.Path(CAFile), a.PEM(), 0o644)
}

// serialOctets is how long serial numbers are, of the authority and of leaves.
const serialOctets = 16

// ownForm describes the authority's own certificate. The serial number's head
// keeps the names of two installations apart, which trust stores find
// certificates by.
func ownForm(now time.Time) x509.Certificate {
	serial := authority.NewSerial(serialOctets)
	return x509.Certificate{
		SerialNumber:   serial,
		Subject:        pkix.Name{Organization: []string{"Certwright"}, CommonName: "Certwright TLS CA " + hex.EncodeToString(serial.Bytes()[:4])},
		NotBefore:      now.Add(-authority.Backdate),
		NotAfter:       now.AddDate(caYears, 0, 0),
		KeyUsage:       x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		MaxPathLenZero: true,
	}
}
