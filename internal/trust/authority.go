package trust

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"sync"
	"time"

	"certwright/internal/authority"
)

// The files in the data folder. All may be read by everybody but the key,
// which is a PKCS#8 file of mode 0600 of its own: it signs only TLS leaves,
// and has to be there before the database and its keyset are opened. It holds
// the certificate, too, of which ca.pem is a copy for others.
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
	Made      bool         // Open made it: nobody trusts it yet

	dir string
	own authority.Authority

	mu     sync.Mutex
	leaves leaves
}

// ErrMissing is what Reopen returns where there is no authority.
var ErrMissing = errors.New("the TLS authority is missing")

// Open reads the authority in the folder dir, or makes it where there is none,
// and brings the bundle and the truststore up to date.
func Open(dir string) (*Authority, error) {
	a, err := Reopen(dir)
	if !errors.Is(err, ErrMissing) {
		return a, err
	}
	a = &Authority{dir: dir, Made: true}
	if err := a.create(); err != nil {
		return nil, fmt.Errorf("open the TLS authority: %w", err)
	}
	return a, a.export(systemRoots())
}

// Reopen is Open for a folder that has an authority, which clients trust: it
// makes none.
func Reopen(dir string) (*Authority, error) {
	a := &Authority{dir: dir}
	if err := a.read(); err != nil {
		return nil, fmt.Errorf("open the TLS authority: %w", err)
	}
	return a, a.export(systemRoots())
}

// Path returns where one of the files is, absolute if the folder was.
func (a *Authority) Path(file string) string { return filepath.Join(a.dir, file) }

// Certificate returns the authority's own certificate.
func (a *Authority) Certificate() *x509.Certificate { return a.own.Certificate }

// PEM returns the authority's certificate as in ca.pem.
func (a *Authority) PEM() []byte { return authority.PEM(a.own.Certificate.Raw) }

// create makes the authority.
func (a *Authority) create() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make the TLS authority's key: %w", err)
	}
	if a.own, err = authority.Root(key, ownForm(time.Now())); err != nil {
		return fmt.Errorf("make the TLS authority: %w", err)
	}
	return a.write(key)
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
