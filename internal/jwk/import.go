package jwk

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"log/slog"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"certwright/internal/vault"
)

// An Imported is a private key that was brought as a JSON web key, in the form
// that keys are stored in. It prints as "[key]".
type Imported struct {
	Type    vault.KeyType // RSA, EC or oct, without regard to HSM
	Curve   vault.Curve   // EC only
	Size    int           // bits
	Public  []byte        // PKIX DER; nil for oct
	Private []byte        // PKCS#8 DER; for oct the bytes of the key

	Spelling vault.KeySpelling // how the public members were written
}

// String hides the key.
func (Imported) String() string { return "[key]" }

// GoString hides the key.
func (Imported) GoString() string { return "[key]" }

// LogValue hides the key.
func (Imported) LogValue() slog.Value { return slog.StringValue("[key]") }

// maxMember bounds the bytes of a public member, which are kept as they came:
// twice the largest modulus.
const maxMember = 1024

// Import reads and checks a private JSON web key. Members that are missing, do
// not make a key, or contradict one another are refusals; so are sizes and
// curves that the API has not.
func Import(m Members) (Imported, error) {
	if max(len(m.N), len(m.E), len(m.X), len(m.Y)) > maxMember {
		return Imported{}, vault.BadJWK()
	}
	switch m.Type {
	case vault.RSA, vault.RSAHSM:
		return importRSA(m)
	case vault.EC, vault.ECHSM:
		return importEC(m)
	case vault.Oct, vault.OctHSM:
		return importOct(m)
	case "":
		return Imported{}, vault.BadJWK()
	}
	return Imported{}, vault.KeyTypeNotSupported(m.Type)
}

func importOct(m Members) (Imported, error) {
	if len(m.K) == 0 {
		return Imported{}, vault.BadJWK()
	}
	k, err := NewSecret(m.K)
	if err != nil {
		return Imported{}, err
	}
	return Imported{Type: vault.Oct, Size: k.size, Private: bytes.Clone(m.K)}, nil
}

// importEC wants d, x and y, padded or trimmed as the writer likes.
func importEC(m Members) (Imported, error) {
	curve := m.Curve.Plain()
	if curve.Size() == 0 {
		return Imported{}, vault.CurveNotSupported(m.Curve)
	}
	if len(m.D) == 0 || len(m.X) == 0 || len(m.Y) == 0 {
		return Imported{}, vault.BadJWK()
	}
	n := fieldBytes(curve)
	d, ok1 := padded(m.D, n)
	x, ok2 := padded(m.X, n)
	y, ok3 := padded(m.Y, n)
	if !ok1 || !ok2 || !ok3 {
		return Imported{}, vault.BadKeyMaterial(vault.EC)
	}
	out := Imported{Type: vault.EC, Curve: curve, Size: curve.Size(), Spelling: m.spelling(Members{Curve: curve, X: x, Y: y})}
	var point []byte
	var err error
	if curve == vault.P256K {
		out.Private, out.Public, point, err = fromKoblitz(d)
	} else {
		out.Private, out.Public, point, err = fromNIST(curve, d)
	}
	// The point belongs to d, so one that is the same is on the curve as well.
	if err != nil || !bytes.Equal(point[1:], append(x, y...)) {
		return Imported{}, vault.BadKeyMaterial(vault.EC)
	}
	return out, nil
}

var errScalar = errors.New("d is out of range")

func fromKoblitz(d []byte) (private, public, point []byte, err error) {
	var s secp256k1.ModNScalar
	if s.SetByteSlice(d) || s.IsZero() {
		return nil, nil, nil, errScalar
	}
	k := secp256k1.NewPrivateKey(&s)
	private, public, err = koblitzDER(k)
	return private, public, k.PubKey().SerializeUncompressed(), err
}

func fromNIST(c vault.Curve, d []byte) (private, public, point []byte, err error) {
	k, err := ecdsa.ParseRawPrivateKey(nistCurve(c), d)
	if err != nil {
		return nil, nil, nil, err
	}
	if private, err = x509.MarshalPKCS8PrivateKey(k); err != nil {
		return nil, nil, nil, err
	}
	if public, err = x509.MarshalPKIXPublicKey(&k.PublicKey); err != nil {
		return nil, nil, nil, err
	}
	point, err = k.PublicKey.Bytes()
	return private, public, point, err
}
