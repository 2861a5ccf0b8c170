package vault

import "log/slog"

// Sealed is ciphertext. Only a Sealer with the right binding turns it back.
type Sealed []byte

// String hides the bytes.
func (Sealed) String() string { return "[sealed]" }

// GoString hides the bytes.
func (Sealed) GoString() string { return "[sealed]" }

// LogValue hides the bytes.
func (Sealed) LogValue() slog.Value { return slog.StringValue("[sealed]") }

// Hidden is a secret in the clear, such as an issuer's password: it prints as
// "[hidden]" wherever it might be shown by accident. Reveal gives the text.
type Hidden string

// Reveal returns the secret itself.
func (h Hidden) Reveal() string { return string(h) }

// String hides the secret.
func (Hidden) String() string { return "[hidden]" }

// GoString hides the secret.
func (Hidden) GoString() string { return "[hidden]" }

// LogValue hides the secret.
func (Hidden) LogValue() slog.Value { return slog.StringValue("[hidden]") }

// MarshalText hides the secret from encoders.
func (Hidden) MarshalText() ([]byte, error) { return []byte("[hidden]"), nil }

// A Sealer keeps secret bytes unreadable at rest. The binding says where they
// belong, so that a row moved elsewhere does not open.
type Sealer interface {
	Seal(plain []byte, binding string) (Sealed, error)
	Open(s Sealed, binding string) ([]byte, error)
}

// Binding returns the place that a sealed value of version id of ref is bound
// to: vault, kind, name and version. Operations use their request id as id.
func Binding(ref Ref, id string) string { return ref.String() + "/" + id }

// RowKeys are what the rows of a database are proved under: 32 bytes for each
// data key, by its number. What is written is proved under the primary one.
type RowKeys struct {
	Primary uint32
	Keys    map[uint32][]byte
}

// String hides the keys.
func (RowKeys) String() string { return "[row keys]" }

// GoString hides the keys.
func (RowKeys) GoString() string { return "[row keys]" }

// LogValue hides the keys.
func (RowKeys) LogValue() slog.Value { return slog.StringValue("[row keys]") }
