package pfx

import (
	"context"
	"errors"
	"hash"
)

// MaxRounds is how many rounds one key derivation of a file may have. GnuTLS and
// NSS write 600,000, OpenSSL 2,048, Java 10,000 and Windows 2,000.
const MaxRounds = 600_000

// maxEffort is how many hashes all derivations of a file may cost before its
// password is known to be right. GnuTLS encrypts every certificate on its own. So
// a file may have, at 600,000 rounds, a key, its certificate and a chain of five,
// and a MAC that is tried with both forms of an empty password: nine derivations,
// each of 2,400,000 hashes by the dearest scheme that is taken. That is two seconds
// on one core.
const maxEffort = 9 * 2_400_000

// ErrRounds: the file asks for more than MaxRounds, or for too many in all.
var ErrRounds = errors.New("the file asks for too many rounds of key derivation")

// An effort counts the hashes that reading a file costs, so that a file cannot
// keep the server busy, and ends the work when the caller has gone.
type effort struct {
	hashes int
	ctx    context.Context // of the request that brought the file
}

// spend counts hashes for each block of output, and the input, which goes into
// each. It refuses rounds that are too many, or fewer than one, and more than a
// file may cost. SHA-384 and SHA-512 take twice the time.
func (e *effort) spend(h hash.Hash, hashes, rounds, size, input int) error {
	if rounds < 1 {
		return errBroken
	}
	if rounds > MaxRounds {
		return ErrRounds
	}
	cost := (hashes + input/h.BlockSize()) * ((size + h.Size() - 1) / h.Size())
	if h.BlockSize() > 64 {
		cost *= 2
	}
	if e.hashes += cost; e.hashes > maxEffort {
		return ErrRounds
	}
	return e.ctx.Err()
}
