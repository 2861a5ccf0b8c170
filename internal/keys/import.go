package keys

import (
	"bytes"
	"crypto/ecdsa"

	"certwright/internal/vault"
)

// maxMember bounds the bytes of a public member, which are kept as they came:
// twice the largest modulus.
const maxMember = 1024

// Import reads and checks a private JSON web key. Members that are missing, do
// not make a key, or contradict one another are refusals; so are sizes and
// curves that the API does not have.
func Import(m Members) (Stored, error) {
	if max(len(m.N), len(m.E), len(m.X), len(m.Y)) > maxMember {
		return Stored{}, vault.BadJWK()
	}
	switch m.Type {
	case vault.RSA, vault.RSAHSM:
		return importRSA(m)
	case vault.EC, vault.ECHSM:
		return importEC(m)
	case vault.Oct, vault.OctHSM:
		return importOct(m)
	case "":
		return Stored{}, vault.BadJWK()
	}
	return Stored{}, vault.KeyTypeNotSupported(m.Type)
}

func importOct(m Members) (Stored, error) {
	if len(m.K) == 0 {
		return Stored{}, vault.BadJWK()
	}
	k, err := ParseOct(m.K)
	if err != nil {
		return Stored{}, err
	}
	return Stored{Type: vault.Oct, Size: k.size, Private: bytes.Clone(m.K)}, nil
}

// importEC wants d, x and y, padded or trimmed as the writer likes.
func importEC(m Members) (Stored, error) {
	curve := m.Curve.Plain()
	if curve.Size() == 0 {
		return Stored{}, vault.CurveNotSupported(m.Curve)
	}
	if len(m.D) == 0 || len(m.X) == 0 || len(m.Y) == 0 {
		return Stored{}, vault.BadJWK()
	}
	n := fieldBytes(curve)
	d, ok1 := padded(m.D, n)
	x, ok2 := padded(m.X, n)
	y, ok3 := padded(m.Y, n)
	if !ok1 || !ok2 || !ok3 {
		return Stored{}, vault.BadKeyMaterial(vault.EC)
	}
	k, err := newEC(curve, d)
	// The point belongs to d, so one that is the same is on the curve as well.
	if own := k.Members(); err != nil || !bytes.Equal(own.X, x) || !bytes.Equal(own.Y, y) {
		return Stored{}, vault.BadKeyMaterial(vault.EC)
	}
	out, err := k.Stored()
	if err != nil {
		return Stored{}, vault.BadKeyMaterial(vault.EC)
	}
	out.Spelling = m.spelling(Members{Curve: curve, X: x, Y: y})
	return out, nil
}

// newEC makes a key of its private number, padded to the curve's field.
func newEC(c vault.Curve, d []byte) (Key, error) {
	if c == vault.P256K {
		k, err := newKoblitz(d)
		if err != nil {
			return Key{}, err
		}
		return pair(k)
	}
	k, err := ecdsa.ParseRawPrivateKey(nistCurve(c), d)
	if err != nil {
		return Key{}, err
	}
	return pair(k)
}
