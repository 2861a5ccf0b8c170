package vault

import "time"

// A NewRoot is a root that a built-in CA made. Clients must trust it before
// certificates below it are of use to them.
type NewRoot struct {
	Provider   string // as configured
	CommonName string
	File       string    // below /pki/
	Roots      string    // the file with all roots to trust, below /pki/
	Thumbprint string    // SHA-256, upper-case hex
	Expires    time.Time // of the root
	From       time.Time // when it signs at the earliest
	First      bool      // there was none before
	Made       time.Time
}
