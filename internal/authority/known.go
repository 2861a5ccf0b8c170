package authority

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
)

// mostKnown is how many signatures are remembered at least, once there are so many.
const mostKnown = 1000

// known is what this process signed itself or found well signed. It need not be
// checked again when it comes back: a request that goes to the built-in CA, the
// certificate that comes from there, the authorities above every certificate of
// an issuer. A check costs as much as two signatures.
var known memory

// A memory holds digests: those since some time, and those of the time before.
type memory struct {
	mu          sync.Mutex
	now, before map[digest]bool
}

type digest = [sha256.Size]byte

// Note remembers that a key (PKIX DER) has signed a certificate or request (DER).
func Note(public, signed []byte) { known.note(digestOf(public, signed)) }

// Known reports whether it is remembered that a key (PKIX DER) has signed a
// certificate or request, byte for byte. If not, that has to be checked.
func Known(public, signed []byte) bool { return known.has(digestOf(public, signed)) }

func (m *memory) note(d digest) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now == nil || len(m.now) >= mostKnown {
		m.now, m.before = map[digest]bool{}, m.now
	}
	m.now[d] = true
}

func (m *memory) has(d digest) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now[d] || m.before[d]
}

func digestOf(public, signed []byte) digest {
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(public))))
	h.Write(public)
	h.Write(signed)
	return digest(h.Sum(nil))
}
