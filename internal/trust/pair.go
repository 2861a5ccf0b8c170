package trust

import (
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"

	"certwright/internal/files"
)

// A Pair is a certificate with its key in two files. What replaces them is used
// once it is whole: until both belong together the last that did stay.
type Pair struct {
	cert, key string
	seen      [sha256.Size]byte // of what was read last, whether it could be used or not
	now       atomic.Pointer[tls.Certificate]
}

// OpenPair reads the files. Its errors say which of them is at fault and what to do.
func OpenPair(cert, key string) (*Pair, error) {
	p := &Pair{cert: cert, key: key}
	_, err := p.Reload()
	return p, err
}

// Reload reads the files and reports whether they hold anything else than at the
// last call. Where they cannot be used it says why, once, and what was in force
// stays. It is for one goroutine.
func (p *Pair) Reload() (changed bool, err error) {
	cert, certErr := os.ReadFile(p.cert)
	key, keyErr := p.readKey()
	whole := sha256.New()
	fmt.Fprintf(whole, "%d %s%s %v %v", len(cert), cert, key, certErr, keyErr)
	seen := [sha256.Size]byte(whole.Sum(nil))
	if seen == p.seen {
		return false, nil
	}
	p.seen = seen
	if err := errors.Join(certErr, keyErr); err != nil {
		return true, hinted(err)
	}
	made, err := tls.X509KeyPair(cert, key)
	if err != nil { // of which none quotes a key
		return true, fmt.Errorf("the certificate in %s and the key in %s cannot be used: %w\nhint: write the certificate and its chain into the one, the private key that belongs to it into the other, both as PEM", p.cert, p.key, err)
	}
	p.now.Store(&made)
	return true, nil
}

// hinted adds what leads out of a file that cannot be read, where err does not say it.
func hinted(err error) error {
	if strings.Contains(err.Error(), "\nhint: ") {
		return err
	}
	return fmt.Errorf("%w\nhint: name files that are there and that this user may read, as in tls: {cert: FILE, key: FILE}", err)
}

func (p *Pair) readKey() ([]byte, error) {
	if err := files.Confined(p.key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return os.ReadFile(p.key)
}

// Certificate returns the certificate in force.
func (p *Pair) Certificate() *tls.Certificate { return p.now.Load() }
