package vault

// Koblitz is the name that P-256K had in the API's first versions; callers may
// still write it.
const Koblitz Curve = "SECP256K1"

// Plain returns the curve by the name that the API has for it today.
func (c Curve) Plain() Curve {
	if c == Koblitz {
		return P256K
	}
	return c
}

// A KeySpelling is how a caller wrote the public members of a JSON web key:
// keys come back as they were sent, with the leading zeros of the import or
// without (recorded). A member is empty where KeyBody.Public says it as well.
type KeySpelling struct {
	Curve      Curve // crv: another name of the curve, or any that an RSA key came with
	N, E, X, Y []byte
	Later      Later `json:"-"`
}

// IsZero reports whether everything is spelled as the vault does.
func (s KeySpelling) IsZero() bool {
	return s.Curve == "" && len(s.N)+len(s.E)+len(s.X)+len(s.Y) == 0
}
