package keys

import (
	"crypto/elliptic"

	"certwright/internal/vault"
)

// nistCurve returns the standard library's curve; nil for P-256K and unknown ones.
func nistCurve(c vault.Curve) elliptic.Curve {
	switch c {
	case vault.P256:
		return elliptic.P256()
	case vault.P384:
		return elliptic.P384()
	case vault.P521:
		return elliptic.P521()
	}
	return nil
}

// curveName is the API's name of a curve; "" for a curve that the API does not have.
func curveName(c elliptic.Curve) vault.Curve {
	for _, name := range []vault.Curve{vault.P256, vault.P384, vault.P521} {
		if nistCurve(name) == c {
			return name
		}
	}
	return ""
}

// fieldBytes returns how many bytes a coordinate, or half a signature, has.
func fieldBytes(c vault.Curve) int { return (c.Size() + 7) / 8 }
