package pfx

import (
	"context"
	"errors"
	"hash"
	"runtime"
	"time"
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
	wait   time.Duration   // for a turn at a costly derivation
}

// Derivations of more than costlyHashes, some 50 ms, take turns: however many
// files come at once, half of the cores stay for others.
const (
	costlyHashes = 500_000
	costlyWait   = 10 * time.Second
)

// costly is taken by derivations under way. The cores are the process's.
var costly = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))

// ErrBusy: too many files that cost as much are being read.
var ErrBusy = errors.New("too many files that are costly to read are being read")

// begin spends what a derivation costs, lets it begin, and returns how to end it.
func (e *effort) begin(h hash.Hash, hashes, rounds, size, input int) (done func(), err error) {
	before := e.hashes
	if err := e.spend(h, hashes, rounds, size, input); err != nil {
		return nil, err
	}
	if e.hashes-before > costlyHashes {
		return e.turn()
	}
	return func() {}, nil
}

// turn waits for a turn at a costly derivation and returns how to end it.
func (e *effort) turn() (done func(), err error) {
	within, stop := context.WithTimeout(e.ctx, e.wait)
	defer stop()
	select {
	case costly <- struct{}{}:
		return func() { <-costly }, nil
	case <-within.Done():
	}
	if err := e.ctx.Err(); err != nil {
		return nil, err
	}
	return nil, ErrBusy
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
