package trust

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"certwright/internal/authority"
	"certwright/internal/files"
)

// hint ends an error about an authority that cannot be used with what leads
// out. remove names what has to go before a new one is made.
func hint(remove string) string {
	return "\nhint: put " + CAFile + " and " + KeyFile + " back from a backup; " + anew(remove)
}

func anew(remove string) string {
	if remove != "" {
		remove += " and "
	}
	return "to have a new authority made, which every client must be told to trust, " + remove + "start once with --new-ca"
}

// read loads key and certificate. ErrMissing means that there is neither, or a
// key that never had a certificate, as a first start of an older program leaves
// it that was killed: nobody trusts it.
func (a *Authority) read() error {
	key, cert, kept, err := a.load()
	switch {
	case err != nil:
		return err
	case cert != nil:
		return a.keep(key, cert, kept)
	case kept == nil:
		kept = a.bundled(key)
	}
	if kept == nil {
		return a.withoutCertificate()
	}
	if err := a.use(key, kept); err != nil {
		return err
	}
	return a.write(key)
}

// Check looks whether the authority in the folder dir can be used as it is. It
// changes nothing.
func Check(dir string) error {
	a := &Authority{dir: dir}
	key, cert, kept, err := a.load()
	switch {
	case err != nil:
		return err
	case cert == nil && kept != nil:
		return fmt.Errorf("%s is missing\nhint: start the server, which writes it again from %s", a.Path(CAFile), KeyFile)
	case cert == nil:
		return a.withoutCertificate()
	}
	return a.use(key, cert)
}

// load reads the key, the certificate that its file keeps, and ca.pem; cert and
// kept are nil where there is none. Without the key it fails.
func (a *Authority) load() (key *ecdsa.PrivateKey, cert, kept *x509.Certificate, err error) {
	if key, kept, err = a.readKey(); err != nil {
		return key, nil, kept, err
	}
	if cert, err = a.readCertificate(); err != nil || key != nil {
		return key, cert, kept, err
	}
	if cert == nil {
		return nil, nil, nil, fmt.Errorf("%w: neither %s nor %s is there%s", ErrMissing, a.Path(CAFile), KeyFile, hint(""))
	}
	return nil, nil, nil, fmt.Errorf("the key of %s is missing: %s%s", a.Path(CAFile), KeyFile, hint("remove "+CAFile))
}

func (a *Authority) withoutCertificate() error {
	return fmt.Errorf("%w: %s is not there%s", ErrMissing, a.Path(CAFile), hint(""))
}

// keep uses the certificate of ca.pem and has the key's file hold it, too.
func (a *Authority) keep(key *ecdsa.PrivateKey, cert, kept *x509.Certificate) error {
	if err := a.use(key, cert); err != nil || cert.Equal(kept) {
		return err
	}
	return a.writeKey(key)
}

// use takes an authority that will do.
func (a *Authority) use(key *ecdsa.PrivateKey, cert *x509.Certificate) error {
	if !key.PublicKey.Equal(cert.PublicKey) {
		return fmt.Errorf("%s does not belong to %s%s", KeyFile, a.Path(CAFile), hint("remove both"))
	}
	if time.Now().Add(leafLifetime).After(cert.NotAfter) {
		return fmt.Errorf("%s ends on %s\nhint: %s", a.Path(CAFile), cert.NotAfter.Format(time.DateOnly), anew("remove it and "+KeyFile))
	}
	a.own = authority.Authority{Certificate: cert, Key: key}
	return nil
}

// readCertificate reads ca.pem; nil where there is none.
func (a *Authority) readCertificate() (*x509.Certificate, error) {
	text, err := os.ReadFile(a.Path(CAFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	cert, err := parseCertificate(text)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w%s", a.Path(CAFile), err, hint("remove both"))
	}
	return cert, nil
}

// readKey returns nil where there is no key. The certificate is nil in the file
// of an older program.
func (a *Authority) readKey() (*ecdsa.PrivateKey, *x509.Certificate, error) {
	path := a.Path(KeyFile)
	err := files.Private(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, dirThere(a.dir)
	}
	if err != nil {
		return nil, nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	key, err := parseKey(text)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w%s", path, err, hint("remove both"))
	}
	_, rest := pem.Decode(text)
	if len(bytes.TrimSpace(rest)) == 0 {
		return key, nil, nil
	}
	cert, err := parseCertificate(rest)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w%s", path, err, hint("remove both"))
	}
	return key, cert, nil
}

// dirThere tells a folder without the file from no folder.
func dirThere(dir string) error {
	_, err := os.Stat(dir)
	return err
}

// bundled finds the certificate of a key in the bundle.
func (a *Authority) bundled(key *ecdsa.PrivateKey) *x509.Certificate {
	rest, err := os.ReadFile(a.Path(BundleFile))
	if err != nil {
		return nil
	}
	var block *pem.Block
	for block, rest = pem.Decode(rest); block != nil; block, rest = pem.Decode(rest) {
		if cert, err := x509.ParseCertificate(block.Bytes); err == nil && key.PublicKey.Equal(cert.PublicKey) {
			return cert
		}
	}
	return nil
}

// write writes both files, the key first, so that a start that is killed in
// between is ended by the next.
func (a *Authority) write(key *ecdsa.PrivateKey) error {
	if err := a.writeKey(key); err != nil {
		return err
	}
	return files.Replace(a.Path(CAFile), a.PEM(), 0o644)
}

func (a *Authority) writeKey(key *ecdsa.PrivateKey) error {
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("write the TLS authority's key: %w", err)
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	return files.Replace(a.Path(KeyFile), append(keyPEM, a.PEM()...), 0o600)
}
