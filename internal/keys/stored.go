package keys

import (
	"log/slog"

	"certwright/internal/vault"
)

// A Stored is a key in the form that keys are stored in. It prints as "[key]".
type Stored struct {
	Type    vault.KeyType // RSA, EC or oct, without regard to HSM
	Curve   vault.Curve   // EC only
	Size    int           // bits
	Public  []byte        // PKIX DER; nil for oct
	Private []byte        // PKCS #8 DER; for oct the bytes of the key

	Spelling vault.KeySpelling // how an import wrote the public members
}

// Stored returns an RSA or EC key in the form that keys are stored in.
func (k Key) Stored() (Stored, error) {
	private, err := k.PKCS8()
	if err != nil {
		return Stored{}, err
	}
	return Stored{Type: k.kind, Curve: k.curve, Size: k.size, Public: k.PKIX(), Private: private}, nil
}

// String hides the key.
func (Stored) String() string { return "[key]" }

// GoString hides the key.
func (Stored) GoString() string { return "[key]" }

// LogValue hides the key.
func (Stored) LogValue() slog.Value { return slog.StringValue("[key]") }
