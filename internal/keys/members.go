package keys

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"log/slog"
	"math/big"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"certwright/internal/vault"
)

// Members are the members of a JSON web key with their base64url undone (RFC
// 7518 section 6). The public ones are N, E, X and Y; the others are secret, so
// it prints as "[key]".
type Members struct {
	Type                vault.KeyType // kty, an -HSM type as well
	Curve               vault.Curve   // crv
	N, E                []byte
	D, P, Q, DP, DQ, QI []byte
	X, Y                []byte
	K                   []byte
}

// String hides the key.
func (Members) String() string { return "[key]" }

// GoString hides the key.
func (Members) GoString() string { return "[key]" }

// LogValue hides the key.
func (Members) LogValue() slog.Value { return slog.StringValue("[key]") }

// spelling is how the public members were written where that is not as in plain.
func (m Members) spelling(plain Members) (s vault.KeySpelling) {
	if m.Curve != plain.Curve && m.Curve.Plain().Size() != 0 {
		s.Curve = m.Curve
	}
	for _, p := range []struct {
		to          *[]byte
		sent, usual []byte
	}{{&s.N, m.N, plain.N}, {&s.E, m.E, plain.E}, {&s.X, m.X, plain.X}, {&s.Y, m.Y, plain.Y}} {
		if len(p.usual) > 0 && !bytes.Equal(p.sent, p.usual) {
			*p.to = bytes.Clone(p.sent)
		}
	}
	return s
}

// Members returns the public members as the wire shows them: N and E without
// leading zeros, X and Y padded to the curve's field; of an oct key the type only.
func (p Public) Members() Members {
	m := Members{Type: p.kind, Curve: p.curve}
	switch k := p.key.(type) {
	case *rsa.PublicKey:
		m.N, m.E = k.N.Bytes(), big.NewInt(int64(k.E)).Bytes()
	case *ecdsa.PublicKey:
		if point, err := k.Bytes(); err == nil { // fails for foreign curves only
			m.X, m.Y = point[1:1+len(point)/2], point[1+len(point)/2:]
		}
	case *secp256k1.PublicKey:
		point := k.SerializeUncompressed()
		m.X, m.Y = point[1:33], point[33:]
	}
	return m
}
